// The keyboard of a view with a player: acts wherever the focus is, but not while somebody types.
import { h } from '../dom.js';
import { t } from '../i18n.js';
import { dialog } from '../ui.js';

const kTyped = 'input, textarea, select, [contenteditable], dialog';
const kPressed = 'button, a, summary, [role=button], [role=slider], media-play-button, media-mute-button, media-pip-button, media-fullscreen-button, media-seek-backward-button, media-seek-forward-button';
const kOwnArrows = '[role=grid], [role=slider], [role=listbox], media-volume-range, [role=tablist]';

// actions: { 'k': act, 'Shift+,': act, … }: keys as the keyboard's layout writes them, so that '<' is what '<' types.
export function listenToKeys(actions, signal) {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const { target, key } = event;
    if (target.closest?.(kTyped) || document.querySelector('dialog[open]')) return;
    if ((key === ' ' || key === 'Enter') && target.closest?.(kPressed)) return;
    if (/^(Arrow|Page|Home|End)/.test(key) && target.closest?.(kOwnArrows)) return;
    // In the Korean layout letters arrive as such; the place on the keyboard says which key it is.
    const letter = /^Key([A-Z])$/.exec(event.code)?.[1].toLowerCase();
    const name = key.length === 1 && /[^\x20-\x7e]/.test(key) && letter ? letter : key.length === 1 ? key.toLowerCase() : key;
    const act = actions[event.shiftKey && name.startsWith('Arrow') ? `Shift+${name}` : name];
    if (!act) return;
    event.preventDefault();
    act(event);
  }, { signal });
}

const kHelp = [
  ['Space', 'K', 'play'], ['J', 'L', 'ten'], ['←', '→', 'five'], ['Shift + ←', 'Shift + →', 'minute'], [',', '.', 'frame'], ['<', '>', 'speed'],
  ['G', 'go'], ['I', 'O', 'mark'], ['X', 'clear'], ['M', 'mute'], ['F', 'full'], ['P', 'pip'], ['+', '−', 'zoom'], ['0', 'all'], ['E', 'live'], ['?', 'help'],
];

export function showHelp({ live = true } = {}) {
  return dialog(t('keys.title'), () => [h('dl', { class: 'keys' }, kHelp.filter((line) => live || line.at(-1) !== 'live').map((line) => h('div', {},
    h('dt', {}, line.slice(0, -1).map((key) => h('kbd', {}, key))), h('dd', {}, t(`keys.${line.at(-1)}`))))),
  h('p', { class: 'muted small-text' }, t('keys.bar'))], { wide: true });
}
