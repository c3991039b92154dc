'use strict';

// process.stdout and process.stderr: every write is in its pipe when it returns, in the order in which it was made.

const fs = require('fs');
const { Writable } = require('stream');
const replies = require('./replies');

const RETRY_MILLISECONDS = 2;

const paths = { 1: undefined, 2: undefined };
const sleeper = new Int32Array(new SharedArrayBuffer(4));
let last = 1;

class CellStream extends Writable {
  constructor(fd) {
    super({ decodeStrings: true });
    this.fd = fd;
    this._type = 'pipe';
  }

  _write(bytes, _, done) {
    try {
      turnTo(this.fd);
      writeAll(this.fd, bytes);
    } catch (error) {
      return done(error);
    }
    done();
  }
}

// Two pipes have no order between them. So before a write to the other one than the last, the driver is asked to pass
// on what lies in both.
function turnTo(fd) {
  if (fd === last) return;
  last = fd;
  replies.ask(replies.BARRIER);
}

function writeAll(fd, bytes) {
  for (let written = 0; written < bytes.length; ) {
    try {
      written += fs.writeSync(fd, bytes, written);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(sleeper, 0, 0, RETRY_MILLISECONDS); // a child made the pipe non-blocking for all of us
    }
  }
}

// Opens what a cell has closed, under its own number.
function reopen(fd) {
  const pipe = fs.statSync(paths[fd]);
  try {
    if (fs.fstatSync(fd).ino === pipe.ino) return;
    fs.closeSync(fd);
  } catch (error) {
    if (error.code !== 'EBADF') throw error;
  }
  const opened = [];
  while (!opened.includes(fd)) opened.push(fs.openSync(paths[fd], 'w'));
  for (const other of opened) if (other !== fd) fs.closeSync(other);
}

function replace(name, fd) {
  const stream = new CellStream(fd);
  Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => stream });
  console[`_${name}`] = stream;
}

exports.install = (stdoutPath, stderrPath) => {
  paths[1] = stdoutPath;
  paths[2] = stderrPath;
  replace('stdout', 1);
  replace('stderr', 2);
};

// Makes both usable again, whatever the last cell did to them.
exports.restore = () => {
  for (const [name, fd] of [['stdout', 1], ['stderr', 2]]) {
    reopen(fd);
    if (!process[name].writable) replace(name, fd);
  }
};
