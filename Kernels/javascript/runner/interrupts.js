'use strict';

// What ends a cell that is asked to end. While a cell runs for the first time, a SIGINT ends it (`breakOnSigint`).
// While it waits, the SIGINT is an event like another. But when it has waited and then loops, no event is heard, and
// nothing but another thread can stop it: the watcher, which is started when it may first be needed.

const vm = require('vm');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');

const INTERRUPTS = 6;
// How long the main thread may take to hear of an interrupt before what it does is broken off.
const PATIENCE_MILLISECONDS = 100;

const CALL = 'nestbox.call';
const caller = isMainThread && new vm.Script(`globalThis['${CALL}']()`);
let heard;

// Calls `action`, which ends by an Interruption if a SIGINT comes.
exports.interruptible = (action) => {
  let outcome;
  Object.defineProperty(globalThis, CALL, { configurable: true, value: () => (outcome = action()) });
  try {
    caller.runInThisContext({ breakOnSigint: true });
  } finally {
    delete globalThis[CALL];
  }
  return outcome;
};

// From now on, `interrupt(number)` is called for each cell that the driver wants ended.
exports.watch = (interrupt) => {
  if (heard) return;
  heard = new Int32Array(new SharedArrayBuffer(4));
  const watcher = new Worker(__filename, { workerData: heard, stdin: false });
  watcher.on('message', (number) => {
    Atomics.store(heard, 0, number);
    Atomics.notify(heard, 0);
    interrupt(number);
  });
  watcher.on('error', () => (heard = undefined)); // no memory for a thread: the next cell tries again
  watcher.unref();
};

function watchMain() {
  const net = require('net');
  const inspector = require('inspector');
  const interrupts = new net.Socket({ fd: INTERRUPTS, readable: true, writable: false });
  interrupts.setEncoding('latin1');
  interrupts.on('data', (text) => {
    const number = Number(text.trim().split('\n').pop());
    parentPort.postMessage(number);
    const before = Atomics.load(workerData, 0);
    if (before === number || Atomics.wait(workerData, 0, before, PATIENCE_MILLISECONDS) !== 'timed-out') return;
    const session = new inspector.Session();
    session.connectToMainThread();
    session.post('Runtime.terminateExecution', () => session.disconnect());
  });
}

if (!isMainThread) watchMain();
