// What tests/tools/smtp_server.py has taken.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from './checks.js';

function bodyOf(letter) {
  const end = letter.indexOf('\r\n\r\n');
  const head = letter.slice(0, end).replace(/\r\n[ \t]+/g, ' ');
  const body = letter.slice(end + 4);
  const encoding = /^content-transfer-encoding: *(\S+)/im.exec(head)?.[1].toLowerCase();
  const quoted = () => Buffer.from(body.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16))), 'latin1');
  const bytes = encoding === 'base64' ? Buffer.from(body, 'base64') : encoding === 'quoted-printable' ? quoted() : Buffer.from(body, 'latin1');
  return { to: /^to: *(\S+)/im.exec(head)?.[1], text: bytes.toString('utf8').replaceAll('\r\n', '\n') };
}

export class Mailbox {
  constructor(folder, address) {
    Object.assign(this, { folder, address, read: new Set(this.names(folder)) });
  }

  names(folder) {
    return readdirSync(folder).filter((name) => name.endsWith('.eml')).sort();
  }

  // The next letter to the address that was not read yet.
  async next(seconds = 15) {
    for (const end = Date.now() + seconds * 1000; ; ) {
      for (const name of this.names(this.folder).filter((n) => !this.read.has(n))) {
        this.read.add(name);
        const letter = bodyOf(readFileSync(join(this.folder, name), 'latin1'));
        if (letter.to === this.address) return letter.text;
      }
      check(Date.now() < end, `no letter to ${this.address} within ${seconds} s`);
      await new Promise((go) => setTimeout(go, 100));
    }
  }

  // The code in it.
  async code() {
    const text = await this.next();
    const code = /^ {4}(\d{6})$/m.exec(text)?.[1];
    check(code, `a letter without a code: ${text}`);
    return { code, text };
  }
}
