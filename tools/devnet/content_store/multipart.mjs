import { RequestError } from './errors.mjs';

const maxPartHeaderBytes = 16 * 1024;
const maxParts = 20_000;

/**
 * Reads a multipart/form-data request (RFC 7578) as a stream. Yields `{ filename, contentType, body }`. `body` is an
 * asynchronous iterable; read it before the next part. `filename` is undefined if the part has none.
 */
export async function* parts(request, maxBytes) {
    const delimiter = Buffer.from(`\r\n--${boundaryOf(request.headers['content-type'])}`);
    const input = new Input(request, maxBytes);
    // The first delimiter may come without the line break before it.
    input.buffer = Buffer.from('\r\n');
    for await (const preamble of input.until(delimiter)) {
        void preamble;
    }
    for (let count = 0; ; count += 1) {
        if (await isLast(input)) {
            await input.drain();
            return;
        }
        if (count === maxParts) {
            throw new RequestError(400, `more than ${maxParts} parts`);
        }
        const headers = partHeaders(await input.take(Buffer.from('\r\n\r\n'), maxPartHeaderBytes));
        let finished = false;
        const body = (async function* () {
            yield* input.until(delimiter);
            finished = true;
        })();
        yield { ...describe(headers), body };
        if (!finished) {
            for await (const unread of body) {
                void unread;
            }
        }
    }
}

class Input {
    constructor(request, maxBytes) {
        this.chunks_ = request[Symbol.asyncIterator]();
        this.left_ = maxBytes;
        this.maxBytes_ = maxBytes;
        this.buffer = Buffer.alloc(0);
    }

    async more_() {
        let next;
        try {
            next = await this.chunks_.next();
        } catch {
            throw new RequestError(400, 'the request ended early');
        }
        if (next.done) {
            return null;
        }
        this.left_ -= next.value.length;
        if (this.left_ < 0) {
            throw new RequestError(413, `the upload is larger than ${this.maxBytes_} bytes`);
        }
        return next.value;
    }

    async fill() {
        const chunk = await this.more_();
        if (chunk === null) {
            throw new RequestError(400, 'unexpected end of the multipart body');
        }
        this.buffer = this.buffer.length ? Buffer.concat([this.buffer, chunk]) : chunk;
    }

    /** Yields the bytes before the mark in pieces and consumes the mark. */
    async *until(mark) {
        for (;;) {
            const at = this.buffer.indexOf(mark);
            const safe = at >= 0 ? at : Math.max(0, this.buffer.length - mark.length + 1);
            const piece = this.buffer.subarray(0, safe);
            this.buffer = this.buffer.subarray(at >= 0 ? at + mark.length : safe);
            if (piece.length) {
                yield piece;
            }
            if (at >= 0) {
                return;
            }
            await this.fill();
        }
    }

    async take(mark, maxBytes) {
        for (;;) {
            const at = this.buffer.indexOf(mark);
            if (at > maxBytes || (at < 0 && this.buffer.length > maxBytes)) {
                throw new RequestError(400, `the headers of a part are too long; use at most ${maxBytes} bytes`);
            }
            if (at >= 0) {
                const taken = this.buffer.subarray(0, at);
                this.buffer = this.buffer.subarray(at + mark.length);
                return taken;
            }
            await this.fill();
        }
    }

    async drain() {
        while ((await this.more_()) !== null);
    }
}

function boundaryOf(contentType) {
    const match = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)/i.exec(
        contentType ?? '',
    );
    if (!match) {
        throw new RequestError(400, 'expected a multipart/form-data body with a boundary');
    }
    return match[1] ?? match[2];
}

/** After a delimiter: "--" ends the body, a line break starts a part. */
async function isLast(input) {
    while (input.buffer.length < 2) {
        await input.fill();
    }
    if (input.buffer[0] === 0x2d && input.buffer[1] === 0x2d) {
        return true;
    }
    const padding = await input.take(Buffer.from('\r\n'), 128);
    if (!/^[ \t]*$/.test(padding.toString('latin1'))) {
        throw new RequestError(400, 'a boundary of the multipart body is malformed');
    }
    // A part without headers has only the empty line: put the line break back for the search.
    input.buffer = Buffer.concat([Buffer.from('\r\n'), input.buffer]);
    return false;
}

function partHeaders(bytes) {
    let text;
    try {
        text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
        throw new RequestError(400, "a part's headers are not UTF-8");
    }
    const headers = new Map();
    for (const line of text.split('\r\n').filter(Boolean)) {
        const colon = line.indexOf(':');
        if (colon <= 0) {
            throw new RequestError(400, "a part's headers are malformed");
        }
        headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    }
    return headers;
}

function describe(headers) {
    const encoding = headers.get('content-transfer-encoding') ?? 'binary';
    if (!/^(binary|8bit|7bit)$/i.test(encoding)) {
        throw new RequestError(400, `a part's content-transfer-encoding "${encoding}" is not supported`);
    }
    const match = /;\s*filename="((?:[^"\\]|\\.)*)"|;\s*filename=([^\s;"]+)/i.exec(
        headers.get('content-disposition') ?? '',
    );
    // Only \" and \\ are escapes: some clients send a single backslash unescaped.
    const filename = match ? (match[1]?.replace(/\\(["\\])/g, '$1') ?? match[2]) : undefined;
    const contentType = (headers.get('content-type') ?? 'application/octet-stream').split(';')[0].trim().toLowerCase();
    return { filename: filename === undefined ? undefined : queryUnescape(filename), contentType };
}

/** Decodes a file name like kubo: a plus sign is a space; invalid encoding is kept as is. */
function queryUnescape(text) {
    try {
        return decodeURIComponent(text.replace(/\+/g, ' '));
    } catch {
        return text;
    }
}
