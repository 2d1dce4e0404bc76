// Elements out of code.  Text becomes text nodes: nothing that a server or a user wrote is ever read as markup.
import { shapes } from './icons.js';

const kSvg = 'http://www.w3.org/2000/svg';

function set(element, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
  else if (name === 'dataset') Object.assign(element.dataset, value);
  else if (name === 'style') for (const [key, of] of Object.entries(value)) element.style.setProperty(key, of);
  // What a user types lives in the property; the attribute is only where it began.
  else if (name === 'value' || name === 'checked' || name === 'indeterminate') element[name] = value;
  else element.setAttribute(name, value === true ? '' : String(value));
}

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) set(element, name, value);
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false || child === true) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

// h('a', { class: 'button', href, onclick }, 'text', node, [more], condition && node)
// Attributes: `on…` listens, `style` is an object of properties, `dataset` an object; null, undefined and false are left
// out, true is an attribute without a value.
export function h(tag, attributes, ...children) {
  return build(document.createElement(tag), attributes, children);
}

// The same in the SVG name space.
export function svg(tag, attributes, ...children) {
  return build(document.createElementNS(kSvg, tag), attributes, children);
}

// Puts these in place of all that is in the element.
export function replace(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

// As replace(), for what is drawn anew while somebody may be in it: the focus stays at the same place in the order of what
// can be pressed, or goes to the last one there is.
export function redraw(element, ...children) {
  const kinds = 'a[href], button, input, select, textarea, summary';
  const at = [...element.querySelectorAll(kinds)].indexOf(document.activeElement);
  replace(element, ...children);
  if (at < 0) return element;
  const now = element.querySelectorAll(kinds);
  now[Math.min(at, now.length - 1)]?.focus({ preventScroll: true });
  return element;
}

// Writes the text only where it is another one: a screen reader is not told the same again, and nothing is laid out anew.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// A picture of icons.js beside text that says the same: hidden from screen readers.
export function icon(name, attributes) {
  const paths = shapes[name];
  if (!paths) throw new Error(`no icon '${name}'`);
  return svg(
    'svg',
    { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true', ...attributes },
    paths.map((d) => svg('path', { d })),
  );
}

let ids = 0;
// An id for an element that another one refers to.
export function newId(stem = 'e') {
  return `${stem}-${++ids}`;
}
