/** What a state directory of the Linux host says by itself: its records and floors, past the board that wrote them. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { RecordStorage } from "../../modules/platform/storage.ts";
import { Store } from "../../modules/store/store.ts";
import { CODEC as TIME_CODEC } from "../../modules/time/trusted-time.ts";
import { CODEC as TRUST_CODEC } from "../../modules/trust/trust-store.ts";
import { CODEC as FLOORS_CODEC } from "../../modules/update/floors.ts";
import { readBytes } from "../host/board.ts";
import type { AllFloors } from "./flash.ts";

/** hosts/linux/records.c */
const HEADER_BYTES = 16;
/** hosts/linux/boot-record.c: the floor of the fuse's file. */
const FUSE_OFFSET = 5;

export type Files = ReadonlyMap<string, Uint8Array>;

export function readState(folder: string): Files {
	return new Map(readdirSync(folder).map((name) => [name, readBytes(join(folder, name))]));
}

/** Of files whose records are whole. */
export function floorsOf(files: Files): AllFloors {
	const storage: Pick<RecordStorage, "read"> = {
		read: (domain, name) => files.get(`${domain},${name}.rec`)?.slice(HEADER_BYTES),
	};
	const store = new Store(storage as RecordStorage);
	const floors = store.read(FLOORS_CODEC);
	const time = store.read(TIME_CODEC);
	const trust = store.read(TRUST_CODEC);
	return {
		sequence: floors.ok ? floors.value.sequence : 0,
		security: floors.ok ? floors.value.securityVersion : 0,
		fuse: files.get("fuse")?.[FUSE_OFFSET] ?? 0,
		timeMs: time.ok ? time.value : 0,
		trust: trust.ok ? trust.value.version : 0,
	};
}
