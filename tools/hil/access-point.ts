/**
 * Stands for an access point between a simulated lock and a relay on this machine: TCP that is carried while it is on; off, what is
 * carried breaks and nobody comes in. It reads nothing of what it carries.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Endpoint } from "../cli/arguments.ts";

const HOST = "127.0.0.1";
const CONNECTIONS_MAX = 16;

export class AccessPoint {
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();
	#to: Endpoint;
	#isOn = true;

	private constructor(to: Endpoint) {
		this.#to = to;
		this.#server = createServer((socket) => this.#carry(socket));
	}

	/** Port 0 lets the system choose. */
	static async open(port: number, to: Endpoint): Promise<AccessPoint> {
		const point = new AccessPoint(to);
		await new Promise<void>((resolve, reject) => {
			point.#server.once("error", reject);
			point.#server.listen(port, HOST, resolve);
		});
		return point;
	}

	get at(): Endpoint {
		const address = this.#server.address();
		return { host: HOST, port: typeof address === "object" && address !== null ? address.port : 0 };
	}

	set to(to: Endpoint) {
		this.#to = to;
	}

	switch(on: boolean): void {
		this.#isOn = on;
		if (!on) for (const socket of this.#sockets) socket.destroy();
	}

	async close(): Promise<void> {
		this.switch(false);
		await new Promise((resolve) => this.#server.close(resolve));
	}

	#carry(inside: Socket): void {
		inside.on("error", () => undefined);
		if (!this.#isOn || this.#sockets.size >= CONNECTIONS_MAX) return void inside.destroy();
		const outside = connect({ ...this.#to, noDelay: true });
		inside.setNoDelay(true);
		for (const [socket, other] of [
			[inside, outside],
			[outside, inside],
		] as const) {
			this.#sockets.add(socket);
			socket.on("error", () => other.destroy());
			socket.on("close", () => {
				this.#sockets.delete(socket);
				other.destroy();
			});
			socket.pipe(other);
		}
	}
}
