/**
 * One tool at a port: a name that the kernel holds for as long as the process lives, whatever ends it. Two paths of the same
 * device are one port. Of this machine alone.
 */
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { createServer, type Server } from "node:net";

export class PortLock {
	readonly #server: Server;
	readonly #device: string;

	private constructor(server: Server, device: string) {
		this.#server = server;
		this.#device = device;
	}

	/** Whether it is still the device behind this path: a port that appears, or another one, must be taken anew. */
	isOf(port: string): boolean {
		return whole(port) === this.#device;
	}

	/** Undefined: another tool has it. */
	static take(port: string): Promise<PortLock | undefined> {
		const device = whole(port);
		const digest = createHash("sha256").update(device).digest("hex");
		// An abstract name: no file stays behind.
		const path = `\0latchkey-port-${digest}`;
		return new Promise((resolve, reject) => {
			const server = createServer((socket) => socket.destroy());
			server.once("error", (error: NodeJS.ErrnoException) => {
				if (error.code === "EADDRINUSE") resolve(undefined);
				else reject(error);
			});
			server.listen({ path }, () => {
				server.unref();
				resolve(new PortLock(server, device));
			});
		});
	}

	release(): void {
		this.#server.close();
	}
}

function whole(port: string): string {
	try {
		return realpathSync(port);
	} catch {
		return port;
	}
}
