// What the framework refuses before a route sees it, in our words: with a code of the table, the limit, and what to do.
import type { FastifyRequest } from 'fastify';
import { inputError, ParallaxError } from '../../runtime/errors.ts';
import type { ApiConfig } from '../config.ts';

/** What is known of a request before its body. */
export type Head = Pick<FastifyRequest, 'url' | 'headers'>;
type Limits = Pick<ApiConfig, 'maxBody' | 'maxUrl'>;

/** Of one part of a path: ids and names are shorter. */
export const MAX_PARAM = 200;
const BY_POST = 'ask by POST, as with /api/v1/flows:query';

/** Anything that is not the framework's own comes back as it is. */
export function fromFramework(error: unknown, { maxBody }: Limits, request: Head): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ParallaxError(
        'input/too-large',
        `the body has more than the ${maxBody} bytes that api.maxBody allows; ask in several requests`,
      );
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return mediaTypeError(`content-type ${quoted(request.headers['content-type'])}`);
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new ParallaxError(
        'input/url-too-long',
        `a part of the path has more than ${MAX_PARAM} characters; no id or name is so long`,
      );
    case 'FST_ERR_BAD_URL':
      return inputError(`${quoted(request.url)} is no URL: a % stands before two hex digits`);
    default:
      return error;
  }
}

/** Throws `input/url-too-long`, or `input/media-type` for a body that would have to be unpacked. */
export function checkHead({ url, headers }: Head, { maxUrl }: Limits): void {
  if (url.length > maxUrl)
    throw new ParallaxError(
      'input/url-too-long',
      `the URL has ${url.length} characters, ${maxUrl} are allowed (api.maxUrl); ${BY_POST}`,
    );
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding.trim().toLowerCase() !== 'identity')
    throw mediaTypeError(`content-encoding ${quoted(coding)}`);
}

function mediaTypeError(what: string): ParallaxError {
  return new ParallaxError(
    'input/media-type',
    `${what}: bodies are taken as plain JSON only; send content-type: application/json`,
  );
}

function quoted(text: string | undefined): string {
  return text === undefined ? 'is missing' : JSON.stringify(text.slice(0, 200));
}
