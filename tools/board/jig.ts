/**
 * A factory's jig around a simulated board: every output tied to the input that the self-test looks for (modules/app/self-test),
 * over the board's pins socket. It can have a wire that is broken.
 */
import { BOARD_PINS } from "../../hosts/linux/board.ts";
import { LOOPS } from "../../modules/app/self-test.ts";
import { PinSocket } from "./pin-socket.ts";

export class Jig {
	readonly #pins: PinSocket;
	/** Its wires are there: what is driven before is not seen. */
	readonly connected: Promise<void>;

	/** `broken`: this output's wire is. */
	constructor(socket: string, broken?: string) {
		const inputs = new Map<number, number>(
			LOOPS.filter(({ output }) => output !== broken).map(({ output, input }) => [
				BOARD_PINS[output],
				BOARD_PINS[input],
			]),
		);
		let connect = (): void => undefined;
		this.connected = new Promise((resolve) => {
			connect = resolve;
		});
		this.#pins = new PinSocket(socket, {
			onChange: ({ pin, level }) => {
				const input = inputs.get(pin);
				if (input !== undefined) this.#pins.set(input, level);
			},
			onConnected: () => connect(),
			onDisconnected: () => {
				for (const input of inputs.values()) this.#pins.set(input, false);
			},
		});
	}

	close(): void {
		this.#pins.close();
	}
}
