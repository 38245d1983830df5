/** An error for the client: HTTP status and message. Any other exception is an internal error (500). */
export class RequestError extends Error {
    constructor(status, message) {
        super(message);
        this.status = status;
    }
}

/** A stored block does not match its digest. */
export class DamagedBlockError extends Error {}
