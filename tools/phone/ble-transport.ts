/** A phone's way to a lock over its radio (docs/BLE.md): the lock is known by its advertisement, frames travel in fragments. */
import { Fragmenter, FragmentReader } from "../../modules/wire/ble-fragment.ts";
import { DirectTransport } from "./direct-transport.ts";
import type { LockResolver } from "./lock-resolver.ts";
import { SimulatedAir } from "./simulated-air.ts";
import { TransportFault } from "./transport.ts";

export interface BleOptions {
	readonly at: { readonly host: string; readonly port: number };
	readonly mtu: number;
	/** Undefined: this phone has no key of the lock yet, and tries whoever says that it is one. The session tells. */
	readonly resolver: LockResolver | undefined;
	readonly nowMs: () => number;
}

/** Rejects with TransportFault "unreachable": also when what is there is none of this phone's locks. */
export async function openBle({ at, mtu, resolver, nowMs }: BleOptions): Promise<DirectTransport> {
	const air = await SimulatedAir.listen(at);
	const serviceData = air.sighting?.serviceData;
	const isWanted =
		serviceData !== undefined &&
		(resolver === undefined || resolver.resolve(serviceData, nowMs()) !== undefined);
	if (!isWanted) {
		air.close();
		throw new TransportFault("unreachable", "no lock of this phone's is near");
	}
	const fragmenter = new Fragmenter();
	const reader = new FragmentReader();
	const drain = (): void => {
		const packet = fragmenter.next(air.packetBytes);
		if (packet !== undefined && air.write(packet)) fragmenter.taken(packet);
	};
	const transport = new DirectTransport("ble", {
		send: (frame) => {
			fragmenter.add(frame);
			drain();
		},
		close: () => air.close(),
	});
	await air.connect(mtu, {
		onRoom: drain,
		onClosed: () => transport.ended(),
		onPacket: (packet) => {
			const frame = reader.push(packet);
			if (!frame.ok) transport.close();
			else if (frame.value !== undefined) transport.receive(frame.value);
		},
	});
	return transport;
}
