#!/usr/bin/env node
/* The entry of the command line. Written in the oldest JavaScript that any Node reads, and CommonJS, so that a Node
   that is too old says so in one line instead of failing on the first modern import. */
(function start(): void {
  const needed = 'Node 22.22.2, 24.15.0 or 26.0.0 and later';
  const found = /^v(\d+)\.(\d+)\.(\d+)/.exec(process.version) || ['', '0', '0', '0'];
  const major = Number(found[1]);
  const minor = Number(found[2]);
  const patch = Number(found[3]);
  const ok =
    major >= 26 || (major === 24 && minor >= 15) || (major === 22 && (minor > 22 || (minor === 22 && patch >= 2)));
  if (!ok) {
    process.stderr.write('image-trust: needs ' + needed + ', found ' + process.version + '\n');
    process.exit(64);
  }
  /* The operator stays for months and has to stay small, from the first module on: what loading leaves behind is
     collected early, and its bursts of seconds are not worth the memory that V8's last compiler takes. The young
     generation does not grow, unless whoever starts Node says how large it may be (the image does: see the Dockerfile).
     Measured (make bench): a third less memory at the peak, for half as much processor time again while it starts. A
     flag that another V8 does not know is one line on stderr. */
  if (process.argv[2] === 'operator') {
    const { setFlagsFromString } = require('node:v8');
    const given = process.execArgv.join(' ') + ' ' + (process.env.NODE_OPTIONS || '');
    if (given.indexOf('-semi-space-size') < 0) setFlagsFromString('--semi-space-growth-factor=1');
    setFlagsFromString('--heap-growing-percent=20');
    setFlagsFromString('--no-turbofan');
  }
  void import('./main.ts');
})();
