'use strict';

// Errors as the wire tells them.

const { inspect } = require('util');

class Interruption extends Error {
  constructor() {
    super('the cell was interrupted');
    this.name = 'KeyboardInterrupt';
    this.stack = `${this.name}: ${this.message}`;
  }
}
exports.Interruption = Interruption;

// Name, value and traceback of whatever was thrown. `file` is the cell's, and the last that a traceback shows.
exports.described = (error, file) => {
  if (error?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') error = new Interruption();
  try {
    return {
      name: error?.name ? String(error.name) : typeof error,
      value: error?.message ? String(error.message) : inspected(error),
      traceback: traceback(error, file),
    };
  } catch {
    return { name: typeof error, value: 'an error that cannot be shown', traceback: '' }; // its getters throw
  }
};

function inspected(error) {
  return error instanceof Error ? '' : inspect(error);
}

// The stack without the frames of the kernel, which lie below the cell's.
function traceback(error, file) {
  if (!error?.stack) return `Uncaught ${inspected(error)}`;
  const lines = String(error.stack).split('\n');
  const ours = lines.findIndex((line) => /^ {4}at /.test(line) && isOurs(line));
  const kept = ours < 0 ? lines : lines.slice(0, ours);
  const cause = error.cause instanceof Error && error.cause !== error ? `\nCaused by: ${inspect(error.cause)}` : '';
  return kept.join('\n') + cause;
}

function isOurs(line) {
  return line.includes(__dirname) || /node:(internal\/)?vm/.test(line);
}
