'use strict';

// From a cell's text to something that runs.

const { Module } = require('module');
const path = require('path');
const vm = require('vm');

// Where Debian's packages are. Other builds of Node do not look there.
const PACKAGES = '/usr/share/nodejs';
const PREFIX = '(async () => {';

let typescript;

exports.prepare = (language) => {
  require('./rewriting');
  if (language === 'typescript') loadTypeScript();
};

// Throws a SyntaxError for code that is not of the language.
exports.compiled = (source, file, language) => {
  const javascript = language === 'typescript' ? transpiled(source, file) : source;
  const rewritten = require('./rewriting').rewritten(javascript);
  if (!rewritten) return { isAsynchronous: false, run: runner(native(javascript, file)) };
  if (!rewritten.isAsynchronous) {
    return { isAsynchronous: false, run: runner(script(rewritten.code, file)) };
  }
  const functions = runner(script(rewritten.functions, file));
  const names = rewritten.names.length ? `var ${rewritten.names.join(', ')}; ` : '';
  const prefix = names + PREFIX;
  const body = runner(script(`${prefix}${rewritten.code}\n})()`, file, -prefix.length));
  return {
    isAsynchronous: true,
    run() {
      functions();
      return body();
    },
  };
};

function script(code, filename, columnOffset = 0) {
  return new vm.Script(code, { filename, columnOffset, importModuleDynamically: imported });
}

function runner(compiled) {
  return () => compiled.runInThisContext();
}

// What our parser does not know is V8's to judge, which words its errors better. `await` is an error to it for
// another reason, so it sees such code as the body of a function.
function native(code, file) {
  if (/\bawait\b/.test(code)) script(`${PREFIX}${code}\n})`, file, -PREFIX.length);
  return script(code, file);
}

// `import` in a cell means what it means in a file of the current directory.
function imported(specifier) {
  const here = path.join(process.cwd(), 'cell.js');
  const module = new Module(here);
  module.filename = here;
  module.paths = Module._nodeModulePaths(process.cwd());
  module._compile('module.exports = (specifier) => import(specifier)', here);
  return module.exports(specifier);
}

function loadTypeScript() {
  typescript ??= require(path.join(PACKAGES, 'typescript'));
  return typescript;
}

// Types are taken away, not checked.
function transpiled(source, file) {
  const ts = loadTypeScript();
  const { outputText, diagnostics } = ts.transpileModule(source, {
    fileName: file.replace(/js$/, 'ts'),
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      preserveValueImports: true,
      isolatedModules: true,
    },
  });
  const worst = diagnostics.find((diagnostic) => diagnostic.category === ts.DiagnosticCategory.Error);
  if (worst) throw syntaxError(ts, worst);
  return outputText;
}

function syntaxError(ts, { file, start, messageText }) {
  const { line, character } = file.getLineAndCharacterOfPosition(start);
  const error = new SyntaxError(ts.flattenDiagnosticMessageText(messageText, '\n'));
  const shown = file.text.split('\n')[line];
  const place = `${file.fileName}:${line + 1}:${character + 1}`;
  error.stack = `${place}\n${shown}\n${' '.repeat(character)}^\n\nSyntaxError: ${error.message}`;
  return error;
}
