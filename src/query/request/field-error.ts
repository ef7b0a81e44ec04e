import { ParallaxError } from '../../runtime/errors.ts';

/** A refused parameter: the field's name goes with the message. */
export class FieldError extends ParallaxError {
  readonly field: string;

  constructor(field: string, message: string, cause?: unknown) {
    super('input/invalid', message, { cause });
    this.field = field;
  }
}
