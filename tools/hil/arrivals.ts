/** When locks last came to a relay: one that lost its power stands in the relay's list until that notices. It answers no lock. */
import type { ConnectedDevice, DeviceCredential, DeviceService } from "../relay/device-service.ts";

export class Arrivals implements DeviceService {
	readonly kinds = Object.freeze([]);
	readonly #cameMs = new Map<string, number>();

	attached({ serial, credential }: ConnectedDevice): void {
		this.#cameMs.set(serial, performance.now());
		this.#cameMs.set(keyOf(serial, credential), performance.now());
	}

	receive(): void {
		// It has no kind of envelope.
	}

	/** Whether it came after that moment, with this certificate of its own or with any. */
	cameAfter(serial: string, ms: number, credential?: DeviceCredential): boolean {
		const key = credential === undefined ? serial : keyOf(serial, credential);
		return (this.#cameMs.get(key) ?? Number.NEGATIVE_INFINITY) > ms;
	}
}

function keyOf(serial: string, credential: DeviceCredential): string {
	return `${serial} ${credential}`;
}
