// What one camera sends now.
import { watch } from '../player/desk.js';

export default (context) => watch(context, { live: true });
