// A day of one camera.
import { watch } from '../player/desk.js';

export default (context) => watch(context);
