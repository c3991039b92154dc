'use strict';

// Makes a cell's declarations outlive it, and its top-level `await` and `import` possible.
//
// What a cell declares at its top becomes a `var` of the global object, so that the next cell sees it and the same
// cell can be run again. A cell that waits becomes the body of an async function, from which its declarations are
// taken out: names in front, functions as a script of their own, the rest as assignments. Lines and, but for inserted
// words, columns stay where they are.

const acorn = require('/usr/share/nodejs/acorn');

const OPTIONS = {
  ecmaVersion: 'latest',
  sourceType: 'script',
  allowAwaitOutsideFunction: true,
  allowImportExportEverywhere: true,
  allowHashBang: true,
};

// `{ isAsynchronous, code, functions, names }`, or undefined for code that this parser does not know.
exports.rewritten = (source) => {
  let program;
  try {
    program = acorn.parse(source, OPTIONS);
  } catch {
    return undefined;
  }
  const isAsynchronous = program.body.some((node) => node.type === 'ImportDeclaration' || waits(node));
  return isAsynchronous ? asynchronous(source, program) : synchronous(source, program);
};

// Edits

class Edits {
  constructor(source) {
    this.source = source;
    this.list = [];
  }

  // Line ends of what is replaced are kept.
  replace(start, end, text) {
    const lines = this.source.slice(start, end).split('\n').length - text.split('\n').length;
    this.list.push({ start, end, text: text + '\n'.repeat(Math.max(lines, 0)) });
  }

  insert(place, text) {
    this.replace(place, place, text);
  }

  applied() {
    let place = 0;
    let text = '';
    for (const edit of this.list.sort((a, b) => a.start - b.start || a.end - b.end)) {
      text += this.source.slice(place, edit.start) + edit.text;
      place = edit.end;
    }
    return text + this.source.slice(place);
  }
}

function blank(text) {
  return text.replace(/[^\n]/g, ' ');
}

// Cells that do not wait

function synchronous(source, program) {
  const edits = new Edits(source);
  for (const statement of program.body) {
    const node = unexported(edits, statement);
    if (node?.type === 'VariableDeclaration') globalized(edits, node);
    if (node?.type === 'ClassDeclaration') classAsValue(edits, node, 'var ');
  }
  return { isAsynchronous: false, code: edits.applied() };
}

function globalized(edits, node) {
  if (node.kind === 'var') return;
  edits.replace(node.start, node.start + node.kind.length, 'var');
  if (node.kind === 'let') withoutValue(edits, node);
}

// `let x` forgets the value that an earlier cell gave.
function withoutValue(edits, node) {
  for (const { id, init } of node.declarations) if (!init) edits.insert(id.end, ' = undefined');
}

function classAsValue(edits, node, word) {
  edits.insert(node.start, `;${word}${node.id.name} = `);
  edits.insert(node.end, ';');
}

// A cell is no module: `export` says nothing here. Returns the declaration or expression behind it, if any.
function unexported(edits, node) {
  const isDefault = node.type === 'ExportDefaultDeclaration';
  const declared = node.declaration;
  if (node.type === 'ExportAllDeclaration' || (node.type === 'ExportNamedDeclaration' && !declared)) {
    edits.replace(node.start, node.end, ';');
    return undefined;
  }
  if (!isDefault && node.type !== 'ExportNamedDeclaration') return node;
  const isNamed = !isDefault || declared.id;
  edits.replace(node.start, declared.start, isNamed ? '' : ';(');
  if (!isNamed) edits.insert(declared.end, ');');
  return isNamed ? declared : undefined;
}

// Cells that wait

function asynchronous(source, program) {
  const edits = new Edits(source);
  const names = new Set();
  let functions = blank(source);
  for (const statement of program.body) {
    const node = unexported(edits, statement);
    if (node?.type === 'FunctionDeclaration') {
      functions = functions.slice(0, node.start) + source.slice(node.start, node.end) + functions.slice(node.end);
      edits.replace(node.start, node.end, ';');
    } else if (node?.type === 'ClassDeclaration') {
      names.add(node.id.name);
      classAsValue(edits, node, '');
    } else if (node?.type === 'ImportDeclaration') {
      importAsAssignment(edits, node, names);
    } else if (node) {
      hoistVariables(edits, node, names, true);
    }
  }
  returnLast(edits, program.body[program.body.length - 1]);
  return { isAsynchronous: true, code: edits.applied(), functions, names: [...names] };
}

function returnLast(edits, last) {
  if (last?.type === 'ExpressionStatement' && !last.directive) edits.insert(last.start, 'return ');
}

function importAsAssignment(edits, node, names) {
  const from = `await import(${node.source.raw})`;
  const local = (type) => node.specifiers.find((specifier) => specifier.type === type)?.local.name;
  const namespace = local('ImportNamespaceSpecifier');
  const parts = node.specifiers
    .filter((specifier) => specifier.type !== 'ImportNamespaceSpecifier')
    .map(({ imported, local: { name } }) => `${imported ? imported.raw ?? imported.name : 'default'}: ${name}`);
  for (const specifier of node.specifiers) names.add(specifier.local.name);
  const value = namespace ? `${namespace} = ${from}` : from;
  edits.replace(node.start, node.end, parts.length ? `;({${parts.join(', ')}} = ${value});` : `;(${value});`);
}

// Turns declarations into assignments: all kinds at the top, and `var` wherever it is not in a function.
function hoistVariables(edits, node, names, isTop) {
  if (node.type === 'VariableDeclaration' && (isTop || node.kind === 'var')) {
    assign(edits, node, names, true);
    return;
  }
  const head = { ForStatement: 'init', ForInStatement: 'left', ForOfStatement: 'left' }[node.type];
  for (const [key, child] of children(node)) {
    if (key === head && child.type === 'VariableDeclaration') {
      if (child.kind === 'var') assign(edits, child, names, false);
    } else {
      hoistVariables(edits, child, names, false);
    }
  }
}

function assign(edits, node, names, isStatement) {
  const { declarations } = node;
  for (const { id } of declarations) for (const name of boundNames(id)) names.add(name);
  edits.replace(node.start, declarations[0].start, isStatement ? ';(' : '');
  if (!isStatement) return;
  if (node.kind === 'let') withoutValue(edits, node);
  edits.insert(declarations[declarations.length - 1].end, ');');
}

function boundNames(pattern) {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) => boundNames(property.value ?? property.argument));
    case 'ArrayPattern':
      return pattern.elements.flatMap(boundNames);
    case 'RestElement':
      return boundNames(pattern.argument);
    case 'AssignmentPattern':
      return boundNames(pattern.left);
    default:
      return [];
  }
}

// The tree

// Whether the node waits itself, not by a function in it.
function waits(node) {
  if (node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node.await)) return true;
  return children(node).some(([, child]) => waits(child));
}

// The nodes below, by key, except what belongs to a function or to the body of a class.
function children(node) {
  if (/Function/.test(node.type) || node.type === 'StaticBlock') return [];
  return Object.entries(node).flatMap(([key, value]) => {
    if (node.type === 'PropertyDefinition' && key === 'value') return [];
    return (Array.isArray(value) ? value : [value])
      .filter((child) => typeof child?.type === 'string')
      .map((child) => [key, child]);
  });
}
