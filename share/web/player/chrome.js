// media-chrome's controls, in the page's language and only those that are used.
import '../vendor/media-chrome/media-controller.js';
import '../vendor/media-chrome/media-control-bar.js';
import '../vendor/media-chrome/media-play-button.js';
import '../vendor/media-chrome/media-mute-button.js';
import '../vendor/media-chrome/media-volume-range.js';
import '../vendor/media-chrome/media-pip-button.js';
import '../vendor/media-chrome/media-fullscreen-button.js';
import '../vendor/media-chrome/media-seek-backward-button.js';
import '../vendor/media-chrome/media-seek-forward-button.js';
import '../vendor/media-chrome/media-loading-indicator.js';
import { addTranslation, setLanguage } from '../vendor/media-chrome/utils/i18n.js';
import { language } from '../i18n.js';

addTranslation('ko', {
  Play: '재생', Pause: '일시정지', Mute: '소리 끄기', Unmute: '소리 켜기',
  play: '재생', pause: '일시정지', mute: '소리 끄기', unmute: '소리 켜기', volume: '음량',
  'Enter fullscreen mode': '전체 화면', 'Exit fullscreen mode': '전체 화면 끝내기',
  'enter fullscreen mode': '전체 화면', 'exit fullscreen mode': '전체 화면 끝내기',
  'Enter picture in picture mode': '작은 창으로 보기', 'Exit picture in picture mode': '작은 창 닫기',
  'enter picture in picture mode': '작은 창으로 보기', 'exit picture in picture mode': '작은 창 닫기',
  'Seek backward': '뒤로', 'Seek forward': '앞으로',
  'seek back {seekOffset} seconds': '{seekOffset}초 뒤로', 'seek forward {seekOffset} seconds': '{seekOffset}초 앞으로',
  'video player': '동영상 플레이어', 'media loading': '불러오는 중',
});

// Before a control is made.
export function speakLanguage() {
  setLanguage(language());
}
