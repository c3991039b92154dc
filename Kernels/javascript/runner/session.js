'use strict';

// A context: the global object, which cells share, and the cell that runs.

const fs = require('fs');
const { builtinModules, createRequire } = require('module');
const path = require('path');
const { types } = require('util');
const code = require('./code');
const { Display } = require('./display');
const failures = require('./failures');
const interrupts = require('./interrupts');
const replies = require('./replies');
const streams = require('./streams');

exports.open = (language, pagePath) => new Session(language, pagePath);

class Session {
  constructor(language, pagePath) {
    this.language = language;
    this.pagePath = pagePath;
    this.cell = undefined;
    for (const name of builtinModules) offer(name);
    process.on('uncaughtException', (error) => this.fail(error));
    setImmediate(() => code.prepare(language));
  }

  // Runs the cell that lies on the page. Its end has been said when this settles; it never rejects.
  async run(number) {
    const cell = (this.cell = new Cell(number));
    interrupts.running(number);
    let restoreEnvironment = () => {};
    try {
      const { code: source, environment } = JSON.parse(fs.readFileSync(this.pagePath, 'utf8'));
      streams.restore();
      restoreEnvironment = set(environment);
      globalThis.require = createRequire(path.join(cwd(), cell.file));
      globalThis.$$ = cell.display.interface;
      this.show(cell, await Promise.race([this.outcome(cell, source), cell.failure]));
    } catch (error) {
      replies.error(failures.described(error, cell.file));
    }
    this.cell = undefined;
    restoreEnvironment();
    replies.end();
    interrupts.watch((late) => this.interrupt(late));
  }

  // What the cell came to, once the promises that it left without a handler have been heard of.
  async outcome(cell, source) {
    const script = code.compiled(source, cell.file, this.language);
    if (script.isAsynchronous) interrupts.watch((number) => this.interrupt(number));
    let value = interrupts.interruptible(() => script.run());
    if (types.isPromise(value)) {
      interrupts.watch((number) => this.interrupt(number));
      value = await value;
    }
    await new Promise(setImmediate);
    return cell.display.isDeferred ? cell.display.outcome : { value };
  }

  show(cell, { value, bundle }) {
    if (value === undefined && bundle === undefined) return;
    const show = () => cell.display.bundle(value);
    const runsCode = value !== null && /object|function/.test(typeof value);
    replies.result(true, bundle ?? (runsCode ? interrupts.interruptible(show) : show()));
  }

  fail(error) {
    if (this.cell) return this.cell.fail(error);
    process.stderr.write(`Uncaught ${failures.described(error, '').traceback}\n`);
  }

  interrupt(number) {
    if (this.cell && this.cell.number === number) this.cell.fail(new failures.Interruption());
  }
}

class Cell {
  constructor(number) {
    this.number = number;
    this.file = `cell-${number}.js`;
    this.display = new Display();
    this.failure = new Promise((_, reject) => (this.fail = reject));
    this.failure.catch(() => {}); // it may come after the end
  }
}

// Node's own modules are there without a `require`, as in its prompt.
function offer(name) {
  if (name.startsWith('_') || name.includes('/') || name in globalThis) return;
  const keep = (value) =>
    Object.defineProperty(globalThis, name, { value, configurable: true, enumerable: true, writable: true });
  Object.defineProperty(globalThis, name, {
    configurable: true,
    enumerable: false,
    get() {
      const module = require(name);
      Object.defineProperty(globalThis, name, { value: module, configurable: true, enumerable: false, writable: true });
      return module;
    },
    set: keep,
  });
}

// Sets the variables, and returns what puts them back.
function set(environment) {
  const before = Object.keys(environment).map((name) => [name, process.env[name]]);
  Object.assign(process.env, environment);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

function cwd() {
  try {
    return process.cwd();
  } catch {
    return '/'; // the directory was removed
  }
}
