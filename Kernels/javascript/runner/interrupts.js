'use strict';

// What ends a cell that is asked to end. While a cell runs for the first time, a SIGINT ends it (`breakOnSigint`), and
// the driver sends none at another time. After that its number on the interrupts' descriptor asks for its end. The
// event loop would hear that if it came to it; but a cell may loop after it has waited, and then only another thread
// can stop it: the watcher, which is started when it may first be needed.

const inspector = require('inspector');
const net = require('net');
const vm = require('vm');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const replies = require('./replies');

const INTERRUPTS = 6;
// How long the main thread may take to hear of an interrupt before what it does is broken off.
const PATIENCE_MILLISECONDS = 100;
const BREAK_MILLISECONDS = 1000;

const CALL = 'nestbox.call';
const caller = new vm.Script(`globalThis['${CALL}']()`);

// Shared with the watcher: the cell that runs, and the last that the main thread was asked to end.
const [RUNNING, HEARD] = [0, 1];
const shared = isMainThread ? new Int32Array(new SharedArrayBuffer(8)) : workerData;
let watcher;

exports.running = (number) => Atomics.store(shared, RUNNING, number);

// Calls `action`, which ends by an Interruption if a SIGINT comes.
exports.interruptible = (action) => {
  let outcome;
  const value = () => {
    replies.say(replies.BEGUN);
    try {
      outcome = action();
    } finally {
      if (replies.ask(replies.SETTLED)) waitForBreak();
    }
  };
  Object.defineProperty(globalThis, CALL, { configurable: true, value });
  try {
    caller.runInThisContext({ breakOnSigint: true });
  } finally {
    delete globalThis[CALL];
  }
  return outcome;
};

// A SIGINT is on its way through Node's threads. If it came when the script is over, the next script would end by it.
function waitForBreak() {
  const deadline = Date.now() + BREAK_MILLISECONDS;
  while (Date.now() < deadline);
}

// From now on, `interrupt(number)` is called for each cell that the driver wants ended.
exports.watch = (interrupt) => {
  if (watcher) return;
  watcher = new Worker(__filename, { workerData: shared });
  watcher.on('message', (number) => {
    Atomics.store(shared, HEARD, number);
    Atomics.notify(shared, HEARD);
    interrupt(number);
  });
  watcher.on('error', () => (watcher = undefined)); // no memory for a thread: the next cell tries again
  watcher.unref();
};

function watch() {
  const interrupts = new net.Socket({ fd: INTERRUPTS, readable: true, writable: false });
  interrupts.setEncoding('latin1');
  interrupts.on('data', (text) => {
    const number = Number(text.trim().split('\n').pop());
    if (isOver(number)) return;
    const before = Atomics.load(shared, HEARD);
    parentPort.postMessage(number);
    const isHeard = before === number || Atomics.wait(shared, HEARD, before, PATIENCE_MILLISECONDS) !== 'timed-out';
    if (!isHeard && !isOver(number)) breakOff();
  });
}

// A cell that has yet to run is not over: what hangs is a timer of an earlier one.
function isOver(number) {
  return number < Atomics.load(shared, RUNNING);
}

// Ends what the main thread does now, as if it had thrown what nobody can catch.
function breakOff() {
  const session = new inspector.Session();
  session.connectToMainThread();
  session.post('Runtime.terminateExecution', () => session.disconnect());
}

if (!isMainThread) watch();
