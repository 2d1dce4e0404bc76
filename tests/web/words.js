#!/usr/bin/env node
// The page's words: every language has all texts with the same places to fill, the code asks for none that is missing,
// and none is left that nobody asks for.  Also what the page's policy rests on: nothing is read as markup.
//
// usage: words.js SHARE_WEB
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = process.argv[2];
const kSkipped = new Set(['node_modules', 'vendor', 'locales']);
const faults = [];

function* scripts(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !kSkipped.has(entry.name)) yield* scripts(path);
    else if (entry.isFile() && entry.name.endsWith('.js')) yield path;
  }
}

const withoutComments = (text) =>
  text
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/\s\/\/ .*$/gm, '')
    .replace(/\/\*[\s\S]*?\*\//g, '');

// What is filled in: of { one, other } the parts of both.
function places(text) {
  const all = typeof text === 'string' ? [text] : Object.values(text);
  return [...new Set(all.flatMap((of) => [...of.matchAll(/\{(\w+)\}/g)].map((m) => m[1])))].sort().join(' ');
}

const languages = {};
for (const file of readdirSync(join(root, 'locales')).filter((name) => name.endsWith('.js'))) {
  const path = join(root, 'locales', file);
  languages[file] = (await import(pathToFileURL(path))).default;
  const keys = [...readFileSync(path, 'utf8').matchAll(/^ {2}'([^']+)':/gm)].map((m) => m[1]);
  for (const key of keys)
    if (keys.indexOf(key) !== keys.lastIndexOf(key)) faults.push(`${file}: '${key}' is there twice`);
}

const english = languages['en.js'];
for (const [file, texts] of Object.entries(languages)) {
  for (const key of Object.keys(english)) {
    if (!Object.hasOwn(texts, key)) faults.push(`${file}: no '${key}'`);
    else if (places(texts[key]) !== places(english[key]))
      faults.push(`${file}: '${key}' fills {${places(texts[key])}}, in English {${places(english[key])}}`);
  }
  for (const key of Object.keys(texts))
    if (!Object.hasOwn(english, key)) faults.push(`${file}: '${key}' is not in English`);
}

// Keys are written out, or are a template of which the beginning is written out.
const sections = new Set(Object.keys(english).map((key) => key.split('.')[0]));
const asked = new Set(),
  begun = [];
for (const path of scripts(root)) {
  const text = withoutComments(readFileSync(path, 'utf8'));
  const name = relative(root, path);
  for (const [, key] of text.matchAll(/'([a-z_]+(?:\.[a-z_0-9]+)+)'/gi)) {
    asked.add(key);
    if (sections.has(key.split('.')[0]) && !/\.(js|html|css)$/.test(key) && !Object.hasOwn(english, key))
      faults.push(`${name}: no text '${key}'`);
  }
  for (const [, stem] of text.matchAll(/`([a-z_]+\.[a-z_.]*)\$\{/gi)) begun.push(stem);
  for (const word of ['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'document.write', 'eval(', 'new Function'])
    if (text.includes(word)) faults.push(`${name}: '${word}': text must not become markup or code`);
}
for (const key of Object.keys(english))
  if (!asked.has(key) && !begun.some((stem) => key.startsWith(stem))) faults.push(`'${key}' is asked for by nobody`);

const page = withoutComments(readFileSync(join(root, 'index.html'), 'utf8'));
if (/<script(?![^>]*\ssrc=)/i.test(page)) faults.push('index.html: a script of its own');
if (/\son\w+\s*=/i.test(page)) faults.push('index.html: a script in an attribute');

for (const fault of faults) console.error(fault);
process.exit(faults.length ? 1 : 0);
