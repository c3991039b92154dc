'use strict';

// How values are shown: the forms and the `$$` of IJavascript.

const { inspect, isDeepStrictEqual } = require('util');
const replies = require('./replies');

const FORMS = {
  text: 'text/plain',
  html: 'text/html',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpeg: 'image/jpeg',
  json: 'application/json',
};
const METHODS = {
  _toHtml: 'text/html',
  _toMarkdown: 'text/markdown',
  _toSvg: 'image/svg+xml',
  _toPng: 'image/png',
  _toJpeg: 'image/jpeg',
  _toLatex: 'text/latex',
};
// A larger value is told by its text only.
const JSON_LIMIT = 1 << 20;

// What one cell shows. `interface` is what it sees as `$$`.
class Display {
  constructor() {
    this.isDeferred = false;
    this.outcome = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    this.outcome.catch(() => {}); // nobody need wait for it
    this.interface = this.makeInterface();
  }

  makeInterface() {
    const deferred = (settle) => (...values) => {
      this.isDeferred = true;
      settle(...values);
    };
    const give = (bundle, isPartial) => {
      if (isPartial) return replies.shown(textual(bundle));
      this.isDeferred = true;
      Promise.resolve(bundle).then((whole) => this.resolve({ bundle: textual(whole) }), this.reject);
    };
    const forms = Object.entries(FORMS).map(([name, type]) => [
      name,
      (value, isPartial) => give(settled(value, (content) => ({ [type]: content })), isPartial),
    ]);
    return {
      async: deferred(() => {}),
      done: deferred((value) => this.resolve({ value })),
      sendResult: deferred((value) => this.resolve(Promise.resolve(value).then((whole) => ({ value: whole })))),
      sendError: deferred((error) => this.reject(error)),
      mime: give,
      ...Object.fromEntries(forms),
      display: displayed,
    };
  }

  // The forms of a result. Throws nothing that the value's methods throw.
  bundle(value) {
    const bundle = { ...attempt(() => value?._toMime?.()) };
    bundle['text/plain'] ??= text(value);
    for (const [method, type] of Object.entries(METHODS)) {
      const content = attempt(() => value?.[method]?.());
      if (content !== undefined) bundle[type] ??= content;
    }
    const json = attempt(() => plain(value));
    if (json !== undefined) bundle['application/json'] ??= json;
    return textual(bundle);
  }
}
exports.Display = Display;

function displayed() {
  const forms = Object.entries(FORMS).map(([name, type]) => [
    name,
    (content) => replies.shown(textual({ [type]: content })),
  ]);
  return {
    ...Object.fromEntries(forms),
    mime: (bundle) => replies.shown(textual(bundle)),
    close() {},
  };
}

function settled(value, wrap) {
  return value instanceof Promise ? value.then(wrap) : wrap(value);
}

function text(value) {
  try {
    return inspect(value, { maxStringLength: Infinity });
  } catch (error) {
    if (error?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') throw error;
    return `[a value that cannot be shown: ${error?.message}]`;
  }
}

function attempt(action) {
  try {
    return action();
  } catch {
    return undefined; // as in IJavascript: a form that fails is not there
  }
}

// A list or plain object as JSON, if JSON tells all of it.
function plain(value) {
  const isPlain = Array.isArray(value) || (value && Object.getPrototypeOf(value) === Object.prototype);
  const told = isPlain ? JSON.stringify(value) : undefined;
  if (!(told?.length <= JSON_LIMIT)) return undefined;
  const json = JSON.parse(told);
  return isDeepStrictEqual(json, value) ? json : undefined;
}

// Every form but JSON is a text on the wire; images come as base64.
function textual(bundle) {
  const content = (type, value) => {
    if (typeof value === 'string' || /(^application\/json|\+json|^e2b\/(data|chart))$/.test(type)) return value;
    return Buffer.isBuffer(value) ? value.toString('base64') : String(value);
  };
  return Object.fromEntries(Object.entries(bundle ?? {}).map(([type, value]) => [type, content(type, value)]));
}
