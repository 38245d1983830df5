// A listener of the live feed that does what a browser's EventSource does: after an end of its connection it connects again
// with the id of the last frame.

import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';

import { createParser } from 'eventsource-parser';

import { until } from '../../integration/devnet.mjs';

export class Listener {
    /** Messages received, in order. */
    messages = [];
    /** Id of the last frame that has one; undefined before. */
    place;
    #api;
    #channel;
    #ended = new AbortController();

    /** @param place to continue after; undefined: begins with a snapshot */
    constructor(api, channel, place) {
        this.#api = api;
        this.#channel = channel;
        this.place = place;
        void this.#listen();
    }

    close() {
        this.#ended.abort();
    }

    async #listen() {
        while (!this.#ended.signal.aborted) {
            try {
                await this.#connection();
            } catch {
                // Refused, or cut: again.
            }
            await pause(200);
        }
    }

    async #connection() {
        const answer = await fetch(`${this.#api}/api/events?channel=${encodeURIComponent(this.#channel)}`, {
            signal: this.#ended.signal, headers: this.place === undefined ? {} : { 'last-event-id': this.place },
        });
        if (answer.status !== 200) {
            return;
        }
        const parser = createParser({ onEvent: ({ id, data }) => {
            this.messages.push(JSON.parse(data));
            this.place = id ?? this.place;
        } });
        const decoder = new TextDecoder();
        for await (const part of answer.body) {
            parser.feed(decoder.decode(part, { stream: true }));
        }
    }

    #eventsAfter(place) {
        const number = (id) => Number(id.slice(id.lastIndexOf('-') + 1));
        return this.messages.filter(({ type, id }) => type === 'event' && number(id) > number(place)).map(({ id, data }) => ({ id, data }));
    }

    /** Waits until it has each event after this place, up to the payment of this job, as a new listener gets them: once and in order. */
    async hasAllAfter(place, job) {
        const other = new Listener(this.#api, this.#channel, place);
        const isLast = ({ data }) => data?.id === job && data.status === 'paid';
        try {
            await until('a new listener has the last event', () => other.#eventsAfter(place).some(isLast));
            await until('the listener has the last event', () => this.#eventsAfter(place).some(isLast));
        } finally {
            other.close();
        }
        const upToLast = (events) => events.slice(0, events.findIndex(isLast) + 1).map(({ id }) => id);
        const wanted = upToLast(other.#eventsAfter(place));
        assert.ok(wanted.length > 0 && !other.messages.some(({ type }) => type === 'reset'));
        assert.deepEqual(upToLast(this.#eventsAfter(place)), wanted);
    }
}
