// Errors of Fastify with a code of the error table, the limit and the cure.
import type { FastifyRequest } from 'fastify';
import { inputError, ParallaxError } from '../../runtime/errors.ts';
import type { ApiConfig } from '../config.ts';

/** A request before its body is read. */
export type Head = Pick<FastifyRequest, 'url' | 'headers'>;
type Limits = Pick<ApiConfig, 'maxBody' | 'maxUrl'>;

/** Characters of one part of a path; all ids and names are shorter. */
export const MAX_PARAM = 200;
const BY_POST = 'use POST, for example /api/v1/flows:query';

/** Other errors are returned as they are. */
export function fromFramework(error: unknown, { maxBody }: Limits, request: Head): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ParallaxError(
        'input/too-large',
        `the body is larger than ${maxBody} bytes (api.maxBody); split the request`,
      );
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return mediaTypeError(`content-type ${quoted(request.headers['content-type'])}`);
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new ParallaxError(
        'input/url-too-long',
        `a part of the path has more than ${MAX_PARAM} characters, longer than any id or name`,
      );
    case 'FST_ERR_BAD_URL':
      return inputError(`${quoted(request.url)} is no URL: a % stands before two hex digits`);
    default:
      return error;
  }
}

/** Throws `input/url-too-long`, or `input/media-type` for a compressed body. */
export function checkHead({ url, headers }: Head, { maxUrl }: Limits): void {
  if (url.length > maxUrl)
    throw new ParallaxError(
      'input/url-too-long',
      `the URL has ${url.length} characters, more than ${maxUrl} (api.maxUrl); ${BY_POST}`,
    );
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding.trim().toLowerCase() !== 'identity')
    throw mediaTypeError(`content-encoding ${quoted(coding)}`);
}

function mediaTypeError(what: string): ParallaxError {
  return new ParallaxError(
    'input/media-type',
    `${what}: the body must be uncompressed JSON; send content-type: application/json`,
  );
}

function quoted(text: string | undefined): string {
  return text === undefined ? 'is missing' : JSON.stringify(text.slice(0, 200));
}
