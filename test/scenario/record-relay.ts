/**
 * Loaded into the relay's process before anything else: appends to LATCHKEY_RELAY_RECORD every byte that passes inside
 * TLS in either direction, and every byte that the process writes to a file or a stream of its own.
 */
import { appendFileSync } from "node:fs";
import { Socket } from "node:net";
import { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";

const path = process.env.LATCHKEY_RELAY_RECORD;
if (path === undefined) throw new Error("LATCHKEY_RELAY_RECORD names no file");

function record(chunk: unknown): void {
	if (chunk instanceof Uint8Array) appendFileSync(path!, chunk);
	else if (typeof chunk === "string") appendFileSync(path!, Buffer.from(chunk, "latin1"));
}

// What a TLS socket hands to its reader is plaintext.
TLSSocket.prototype.push = function (chunk: unknown, ...rest: never[]): boolean {
	record(chunk);
	return Duplex.prototype.push.call(this, chunk, ...rest);
};

type Write = (this: Socket, chunk: unknown, encoding: BufferEncoding, done: () => void) => void;
type Writev = (this: Socket, chunks: readonly { readonly chunk: unknown }[], done: () => void) => void;
const prototype = Socket.prototype as unknown as { _write: Write; _writev: Writev };
const tlsPrototype = TLSSocket.prototype as unknown as { _write: Write; _writev: Writev };
const write = prototype._write;
const writev = prototype._writev;

// A TLS socket inherits these; only its own plaintext is of interest, not the ciphertext of the socket underneath.
tlsPrototype._write = function (chunk, encoding, done): void {
	record(chunk);
	write.call(this, chunk, encoding, done);
};
tlsPrototype._writev = function (chunks, done): void {
	for (const { chunk } of chunks) record(chunk);
	writev.call(this, chunks, done);
};
