/** The service serial line as a host gives it: bytes, no framing. */
export interface SerialPort {
	/** Bytes that have arrived; undefined when there are none now. */
	read(): Uint8Array | undefined;
	/** Queues bytes; returns how many were taken. */
	write(bytes: Uint8Array): number;
	onReadable(callback: () => void): void;
	onWritable(callback: () => void): void;
}
