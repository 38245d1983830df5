/** What the client is told: an HTTP status and a sentence. Anything else that is thrown is a fault of ours. */
export class RequestError extends Error {
    constructor(status, message) {
        super(message);
        this.status = status;
    }
}

/** A stored block is no longer what its digest says. */
export class DamagedBlockError extends Error {}
