/** Asks a time server (tools/trust/time-server) for a statement. It verifies nothing: the lock does. */
import { TIME_STATEMENT_BYTES_MAX } from "../../modules/wire/envelope.ts";

export const TIME_PATH = "/v1/time";
export const TIME_CONTENT_TYPE = "application/octet-stream";

export class TimeFault extends Error {
	constructor(message: string) {
		super(`time: ${message}`);
		this.name = "TimeFault";
	}
}

const ANSWER_MS = 4_000;

/** An http or https URL whose path the server's own is added to. Rejects with TimeFault. */
export async function askTimeServer(server: URL, nonce: Uint8Array): Promise<Uint8Array> {
	try {
		const response = await fetch(new URL(TIME_PATH.slice(1), directory(server)), {
			method: "POST",
			headers: { "content-type": TIME_CONTENT_TYPE },
			body: Uint8Array.from(nonce),
			redirect: "error",
			signal: AbortSignal.timeout(ANSWER_MS),
		});
		if (response.status !== 200) throw new TimeFault(`the server answers ${response.status}`);
		return await readBounded(response);
	} catch (error) {
		if (error instanceof TimeFault) throw error;
		const { cause } = error as { cause?: { code?: string } };
		throw new TimeFault(`no answer from ${server.host}: ${cause?.code ?? (error as Error).message}`);
	}
}

function directory(server: URL): URL {
	const copy = new URL(server);
	if (!copy.pathname.endsWith("/")) copy.pathname += "/";
	return copy;
}

async function readBounded(response: Response): Promise<Uint8Array> {
	const pieces: Uint8Array[] = [];
	let bytes = 0;
	for await (const piece of response.body ?? []) {
		bytes += piece.length;
		if (bytes > TIME_STATEMENT_BYTES_MAX) throw new TimeFault("the server's answer is too long");
		pieces.push(piece);
	}
	if (bytes === 0) throw new TimeFault("the server's answer is empty");
	return Uint8Array.from(Buffer.concat(pieces));
}
