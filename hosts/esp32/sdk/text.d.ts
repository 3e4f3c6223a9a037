/** The types of the globals of globals.ts, for the SDK's compiler; elsewhere they come with Node's types. */
declare class TextEncoder {
	encode(text: string): Uint8Array;
}

declare class TextDecoder {
	constructor(label: "utf-8", options: { fatal: boolean; ignoreBOM: boolean });
	decode(bytes: Uint8Array): string;
}
