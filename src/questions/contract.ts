/** openapi/kube-whatif.yaml, read once: the contract that requests are held against and that the server gives out. */
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { packageFile } from '../base/package-file.js';

const DOCUMENT = 'openapi/kube-whatif.yaml';

export interface Contract {
  /** The OpenAPI document as data. */
  readonly document: Readonly<Record<string, unknown>>;
  /** A compiled validator of `#/components/schemas/NAME`. Throws Error for a name that is not there. */
  validator(name: string): ValidateFunction;
}

function load(): Contract {
  // Example snapshots are shared in the document by YAML aliases, a handful of them.
  const document = parse(readFileSync(packageFile(DOCUMENT), 'utf8'), { maxAliasCount: 1000 }) as Record<
    string,
    unknown
  >;
  const ajv = new Ajv2020({
    // All errors: one round trip tells every typo. verbose: the sentences name what is allowed.
    allErrors: true,
    verbose: true,
    // OpenAPI's own keywords stand around the schemas; types of several kinds are written as such.
    strict: false,
    // Nothing is changed in what was sent: no coercion, no defaults, nothing removed.
    coerceTypes: false,
    useDefaults: false,
    removeAdditional: false,
  });
  addFormats.default(ajv);
  ajv.addSchema(document, 'openapi');
  return {
    document,
    validator(name) {
      const validate = ajv.getSchema(`openapi#/components/schemas/${name}`);
      if (validate === undefined) throw new Error(`no schema ${name} in ${DOCUMENT}`);
      return validate as ValidateFunction;
    },
  };
}

let loaded: Contract | undefined;

/** The contract; read and compiled on first use. */
export function contract(): Contract {
  loaded ??= load();
  return loaded;
}
