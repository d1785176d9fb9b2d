// The validators of an Ajv instance as the text of a module.
import standaloneCode from 'ajv/dist/standalone/index.js';

/** Ajv writes `require` calls even into modules; what it requires is a handful of small functions. */
function withImports(code) {
  const imports = new Map();
  const body = code.replace(/require\("([^"]+)"\)((?:\.[A-Za-z]+|\["[^"]+"\])*)/g, (_, module, path) => {
    const name = imports.get(module) ?? `module${imports.size}`;
    imports.set(module, name);
    return `${name}${path}`;
  });
  const head = [...imports].map(([module, name]) =>
    module.startsWith('.')
      ? `import * as ${name} from '${module}.js';`
      : `import * as ${name}Of from '${module}.js';
const ${name} = ${name}Of.default?.default === undefined ? (${name}Of.default ?? ${name}Of) : ${name}Of.default;`,
  );
  return `${head.join('\n')}\n${body}`;
}

/**
 * The text of a module that exports a function for each entry of `references`: the export's name, and its schema's
 * `$id`.
 */
export function standalone(ajv, references) {
  return withImports(standaloneCode.default(ajv, references));
}
