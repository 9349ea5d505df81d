import { constants } from "node:os";
import { MAX_UDP_PAYLOAD } from "../responder.ts";
import { KernelAddress, MAX_ADDRESS_LENGTH } from "./kernel-address.ts";
import { MessageHeaders } from "./message-headers.ts";
import type { SystemCalls } from "./system-calls.ts";

/** One byte more than is taken, so that a longer message shows. */
const RECEIVED_LENGTH = MAX_UDP_PAYLOAD + 1;
const NEVER_WAIT = 0x40;
const NO_TIMEOUT = 0;

/** A message that came, and its source. */
interface Slot {
  readonly source: KernelAddress;
  /** Holds until the next call that receives. */
  message: Buffer;
}

/**
 * Memory for so many messages that come, and for the answers to them, each with one call. One per thread: what one call
 * brought is answered before the next one.
 */
export class DatagramBatch {
  readonly size: number;
  readonly #slots: readonly Slot[];
  readonly #calls: SystemCalls;
  readonly #incoming: MessageHeaders;
  readonly #outgoing: MessageHeaders;
  readonly #sourceAddresses: readonly bigint[];
  #replies = 0;

  constructor(calls: SystemCalls, size: number) {
    this.size = size;
    this.#calls = calls;
    this.#incoming = new MessageHeaders(calls, size, RECEIVED_LENGTH);
    this.#outgoing = new MessageHeaders(calls, size, MAX_UDP_PAYLOAD);
    this.#slots = this.#incoming.messages.map((message) => ({ message, source: new KernelAddress() }));
    this.#sourceAddresses = this.#slots.map(({ source }) => BigInt(calls.addressOf(source.bytes)));
    for (const [slot, address] of this.#sourceAddresses.entries()) {
      this.#incoming.setName(slot, address, MAX_ADDRESS_LENGTH);
    }
  }

  /**
   * Takes what has arrived, and waits for nothing: into the slots from `first` on. How many, or the system's negative
   * error number.
   */
  receive(fd: number, first: number): number {
    const start = this.#incoming.addressOf(first);
    const received = this.#calls.recvmmsg(fd, start, this.size - first, NEVER_WAIT, NO_TIMEOUT);
    if (received < 0) {
      const errno = this.#calls.errno();
      return errno === constants.errno.EAGAIN ? 0 : -errno;
    }
    for (let i = first; i < first + received; i++) {
      this.#take(i);
    }
    return received;
  }

  #take(i: number): void {
    const slot = this.slot(i);
    const length = this.#incoming.receivedLength(i);
    // Most are as long as the one before in the same place.
    if (slot.message.length !== length) {
      slot.message = (this.#incoming.messages[i] as Buffer).subarray(0, length);
    }
    slot.source.length = this.#incoming.nameLength(i);
    this.#incoming.setNameLength(i, MAX_ADDRESS_LENGTH);
  }

  slot(i: number): Slot {
    return this.#slots[i] as Slot;
  }

  /** Where the next reply is written; there is one place for each slot. */
  get place(): Buffer {
    return this.#outgoing.messages[this.#replies] as Buffer;
  }

  /** So many bytes in that place are a reply to the source of this slot. */
  reply(slot: number, length: number): void {
    const name = this.#sourceAddresses[slot] as bigint;
    this.#outgoing.setName(this.#replies, name, this.slot(slot).source.length);
    this.#outgoing.setLength(this.#replies, length);
    this.#replies++;
  }

  /**
   * Sends the replies, and waits for nothing. What the kernel refuses is lost, as it is with any server over UDP: what
   * comes behind it goes all the same.
   */
  send(fd: number): void {
    const count = this.#replies;
    this.#replies = 0;
    for (let done = 0; done < count; ) {
      const sent = this.#calls.sendmmsg(fd, this.#outgoing.addressOf(done), count - done, NEVER_WAIT);
      done += Math.max(1, sent);
    }
  }
}
