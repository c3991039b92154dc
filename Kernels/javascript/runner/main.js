'use strict';

// The runner: takes cells from the driver, one at a time, and says what they came to.
//
// Descriptors, as the driver opens them: 3 cell numbers to run, 4 what is said of them, 5 the answers to it,
// 6 the interrupts. Node itself marks the low ones close-on-exec, so no child of a cell has them.

const net = require('net');
const streams = require('./streams');

const [, language, pagePath, stdoutPath, stderrPath] = process.argv.splice(1);
const CELLS = 3;

process.execArgv.length = 0; // the kernel's own flags are not for the processes that cells fork

streams.install(stdoutPath, stderrPath);

const session = require('./session').open(language, pagePath);
const cells = new net.Socket({ fd: CELLS, readable: true, writable: false });
let unread = '';
cells.setEncoding('latin1');
cells.on('data', (text) => {
  const lines = (unread + text).split('\n');
  unread = lines.pop();
  for (const line of lines) session.run(Number(line));
});
cells.on('end', () => process.kill(process.pid, 'SIGKILL')); // the driver is gone, and so is who could hear
