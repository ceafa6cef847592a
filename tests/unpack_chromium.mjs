// Unpacks the Chromium of the npm package, its fonts and its libraries into the folder for temporary
// files, which the caller sets: `TMPDIR=folder node tests/unpack_chromium.mjs`.
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import chromium, { inflate } from '@sparticuz/chromium'

await chromium.executablePath()
// Left out by the package unless it finds itself on Amazon's machines; a bare Debian needs it too.
await inflate(fileURLToPath(new URL('../bin/al2023.tar.br', import.meta.resolve('@sparticuz/chromium'))))
// The package's own file looks for fonts in /tmp/fonts only. Without any font a page has no text.
const fonts = join(tmpdir(), 'fonts')
const places = [join(fonts, 'fonts'), '/usr/share/fonts'].map(place => `  <dir>${place}</dir>\n`)
writeFileSync(join(fonts, 'fonts.conf'), `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
${places.join('')}  <cachedir>${join(fonts, 'cache')}</cachedir>
</fontconfig>
`)
