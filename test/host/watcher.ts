/** A watcher of a board's virtual pins (hosts/linux/pins.h), for tests. */
import { connect, type Socket } from "node:net";

export interface Change {
	readonly pin: number;
	readonly level: number;
	readonly atUs: number;
}

/** A watcher that keeps every line it was told. */
export class Watcher {
	readonly changes: Change[] = [];
	closed = false;
	#socket: Socket;
	#rest = "";

	private constructor(socket: Socket) {
		this.#socket = socket;
		socket.setEncoding("latin1").on("data", (text: string) => this.#receive(text));
		socket.on("close", () => {
			this.closed = true;
		});
		socket.on("error", () => undefined);
	}

	static async connect(path: string): Promise<Watcher> {
		for (let attempt = 0; ; attempt++) {
			const socket = connect(path);
			const connected = await new Promise<boolean>((resolve) => {
				socket.once("connect", () => resolve(true));
				socket.once("error", () => resolve(false));
			});
			if (connected) return new Watcher(socket);
			if (attempt === 100) throw new Error(`nobody listens on ${path}`);
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	}

	send(text: string): void {
		this.#socket.write(text);
	}

	close(): void {
		this.#socket.destroy();
	}

	async until(condition: (changes: readonly Change[]) => boolean): Promise<void> {
		const deadline = Date.now() + 5000;
		while (!condition(this.changes)) {
			if (Date.now() > deadline) throw new Error(`not in time: ${JSON.stringify(this.changes.slice(-5))}`);
			await new Promise((resolve) => setTimeout(resolve, 5));
		}
	}

	of(pin: number): Change[] {
		return this.changes.filter((change) => change.pin === pin);
	}

	#receive(text: string): void {
		const lines = (this.#rest + text).split("\n");
		this.#rest = lines.pop()!;
		for (const line of lines) {
			const match = /^pin (\d+) ([01]) (\d+)$/.exec(line);
			if (match === null) throw new Error(`not the protocol: ${line}`);
			this.changes.push({ pin: Number(match[1]), level: Number(match[2]), atUs: Number(match[3]) });
		}
	}
}
