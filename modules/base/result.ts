/** An expected outcome as a value: the caller switches on `ok`, and on `reason` when it is false. */
export type Result<Value, Reason extends string> = Accepted<Value> | Refused<Reason>;

export interface Accepted<Value> {
	readonly ok: true;
	readonly value: Value;
}

export interface Refused<Reason extends string> {
	readonly ok: false;
	readonly reason: Reason;
}

export function accept<Value>(value: Value): Accepted<Value> {
	return { ok: true, value };
}

export function refuse<Reason extends string>(reason: Reason): Refused<Reason> {
	return { ok: false, reason };
}
