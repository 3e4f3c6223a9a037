/** The part of qrcode-terminal that makes a code's modules; it comes without types. */
declare module "qrcode-terminal/vendor/QRCode/index.js" {
	interface QrBitBuffer {
		put(value: number, bits: number): void;
	}

	interface QrSegment {
		readonly mode: number;
		getLength(): number;
		write(buffer: QrBitBuffer): void;
	}

	export default class QRCode {
		/** A version below 1 means the smallest that fits. */
		constructor(version: number, errorCorrectLevel: number);
		readonly dataList: QrSegment[];
		readonly modules: readonly (readonly boolean[])[];
		make(): void;
	}
}
