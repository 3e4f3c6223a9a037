/** The serial line's turns of the event loop (T16): a flood does not keep timers and pins waiting. */
import { SerialLine } from "../../../modules/app/serial-line.ts";
import type { SerialPort } from "../../../modules/platform/serial.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimClock, SimTime } from "../../sim/time.ts";

/** Has `left` reads of garbage for whoever reads. */
class FloodedPort implements SerialPort {
	left = 10000;
	readable: () => void = () => undefined;

	read(): Uint8Array | undefined {
		return this.left-- > 0 ? new Uint8Array(512).fill(7) : undefined;
	}
	write(bytes: Uint8Array): number {
		return bytes.length;
	}
	onReadable(callback: () => void): void {
		this.readable = callback;
	}
	onWritable(): void {}
}

export default function suite(t: Suite): void {
	t.test("a line that never stops sending is read a little in each turn of the event loop (T16, I8)", () => {
		const time = new SimTime();
		const clock = new SimClock(time, (run) => run());
		const port = new FloodedPort();
		new SerialLine(port, clock, {
			onEnvelope: () => undefined,
			onVerb: () => new Uint8Array(0),
			onDropped: () => undefined,
		});
		port.readable();
		check.ok(port.left > 9900, `${10000 - port.left} reads in one turn`);
		let pressed = false;
		clock.after(0, () => {
			pressed = port.left > 9000;
		});
		time.settle();
		check.ok(pressed, "a button's event waits for the line");
		check.ok(port.left <= 0, "what the port still holds is read in later turns");
	});
}
