/** ECMA-419 digital pins over virtual ones: `import Digital from "embedded:io/digital"`. One object owns a pin. */

interface DigitalOptions {
	readonly pin: number;
	readonly mode: number;
	readonly activeLow?: boolean;
	readonly initialValue?: 0 | 1;
	readonly edge?: number;
	readonly onReadable?: (this: Digital) => void;
	readonly format?: "number";
	readonly target?: unknown;
}

type Open = (
	this: Digital,
	pin: number,
	mode: number,
	activeLow: boolean,
	initialValue: number,
	edges: number,
	onReadable: () => void,
) => void;

const open = native<Open>("xs_digital_open");
const read = native<(this: Digital) => 0 | 1>("xs_digital_read");
const write = native<(this: Digital, value: number) => void>("xs_digital_write");
const close = native<(this: Digital) => void>("xs_digital_close");

const ACTIVE_LOW = 16;

export default class Digital extends Native("xs_digital_destructor") {
	static readonly Input = 0;
	static readonly InputPullUp = 1;
	static readonly InputPullDown = 2;
	static readonly InputPullUpDown = 3;
	static readonly Output = 8;
	static readonly OutputOpenDrain = 9;
	static readonly ActiveLow = ACTIVE_LOW;
	static readonly Rising = 1;
	static readonly Falling = 2;

	readonly target: unknown;

	constructor(options: DigitalOptions) {
		super();
		const { pin, mode, initialValue = 0, edge = 0, onReadable, format = "number" } = options;
		if (format !== "number") throw new RangeError("digital: format");
		const activeLow = options.activeLow ?? (mode & ACTIVE_LOW) !== 0;
		this.target = options.target;
		open.call(this, pin, mode & ~ACTIVE_LOW, activeLow, initialValue, edge, () => onReadable?.call(this));
	}

	/** 1 is active. */
	read(): 0 | 1 {
		return read.call(this);
	}

	write(value: 0 | 1): void {
		write.call(this, value);
	}

	get format(): "number" {
		return "number";
	}

	set format(value: "number") {
		if (value !== "number") throw new RangeError("digital: format");
	}

	/** Releases the pin; an output goes off. Idempotent. */
	close(): void {
		close.call(this);
	}
}
