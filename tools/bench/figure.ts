/** One measured figure; with a goal it must not be above it. */
export interface Figure {
	readonly name: string;
	readonly value: number;
	readonly unit: string;
	readonly goal?: number;
}

export function figureText({ name, value, unit, goal }: Figure): string {
	const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 10 ? 1 : 3;
	const verdict =
		goal === undefined ? "" : value <= goal ? `  (goal ${goal}: met)` : `  (goal ${goal}: MISSED)`;
	return `${name.padEnd(58)} ${value.toFixed(digits).padStart(10)} ${unit}${verdict}`;
}
