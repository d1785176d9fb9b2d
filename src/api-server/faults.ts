/**
 * What the API server refuses an object for: places in it, as it names them, with the reason that its Status carries.
 */

/** The reason of a cause in the API server's Status, or one of the reasons that are read out of its message. */
export type CauseReason =
  | 'FieldValueInvalid'
  | 'FieldValueRequired'
  | 'FieldValueForbidden'
  | 'FieldValueNotSupported'
  | 'FieldValueDuplicate'
  | 'FieldValueNotFound'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'FieldManagerConflict'
  | 'InternalError'
  | 'UnknownField'
  | 'DuplicateItem'
  | 'WrongType';

/** One place where an object is wrong. */
export interface ApiFault {
  /** JSON Pointer of the place in the object, as far as it has one. */
  readonly pointer: string;
  /** The place as the API server names it, e.g. `spec.ports[0].name`. */
  readonly field: string;
  readonly reason: CauseReason;
  /** What is wrong there and what would be right, as a sentence. */
  readonly detail: string;
}

/** A place in an object: its JSON Pointer, and the name that the API server gives it. */
export class Place {
  static readonly root = new Place('', '');

  constructor(
    readonly pointer: string,
    readonly field: string,
  ) {}

  /** A field of the object at this place; `shown` where the API server spells it otherwise. */
  child(name: string, shown = name): Place {
    return new Place(
      `${this.pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      this.field === '' ? shown : `${this.field}.${shown}`,
    );
  }

  at(...names: readonly string[]): Place {
    return names.reduce<Place>((place, name) => place.child(name), this);
  }

  index(index: number): Place {
    return new Place(`${this.pointer}/${index}`, `${this.field}[${index}]`);
  }

  key(key: string): Place {
    return new Place(`${this.pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, `${this.field}[${key}]`);
  }
}

/** Collects faults in the order in which they are found. */
export class Faults {
  readonly list: ApiFault[] = [];

  get any(): boolean {
    return this.list.length > 0;
  }

  add({ pointer, field }: Place, reason: CauseReason, detail: string): void {
    this.list.push({ pointer, field, reason, detail });
  }

  invalid(place: Place, detail: string): void {
    this.add(place, 'FieldValueInvalid', detail);
  }

  required(place: Place, detail = 'A value is required here.'): void {
    this.add(place, 'FieldValueRequired', detail);
  }

  forbidden(place: Place, detail: string): void {
    this.add(place, 'FieldValueForbidden', detail);
  }

  duplicate(place: Place, value: unknown): void {
    this.add(place, 'FieldValueDuplicate', `${JSON.stringify(value)} is there twice; each may be once.`);
  }

  notFound(place: Place, what: string): void {
    this.add(place, 'FieldValueNotFound', what);
  }

  tooMany(place: Place, count: number, most: number): void {
    this.add(place, 'FieldValueTooMany', `There are ${count} values; at most ${most} are allowed.`);
  }

  /** Reports a value that is not one of those that are known. */
  oneOf(place: Place, value: unknown, known: readonly string[]): void {
    if (typeof value === 'string' && known.includes(value)) return;
    const detail = `${JSON.stringify(value) ?? 'nothing'} is not known; it must be one of ${known.join(', ')}.`;
    this.add(place, 'FieldValueNotSupported', detail);
  }

  /** Reports what is wrong with a value, once for each text. */
  each(place: Place, wrong: readonly string[]): void {
    for (const detail of wrong) this.invalid(place, detail);
  }
}
