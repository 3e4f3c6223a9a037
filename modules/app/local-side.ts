/** What a lock has for its surroundings, where its machine has it: the radio's advertisements, and the owner's Wi-Fi. */
import { attempt, type DeviceErrorCode } from "../base/device-error.ts";
import type { Secret } from "../platform/crypto.ts";
import type { Platform } from "../platform/platform.ts";
import type { Wifi } from "../platform/wifi.ts";
import type { Store } from "../store/store.ts";
import { Advertiser } from "./advertiser.ts";
import { LocalCommands } from "./local-commands.ts";

export interface LocalSideOptions {
	readonly platform: Platform;
	readonly store: Store;
	readonly isClaimed: () => boolean;
	/** Grants.departed */
	readonly departed: () => number;
	readonly isWindowOpen: () => boolean;
	/** Undefined: it cannot be read. */
	readonly openSetupSecret: () => Secret | undefined;
}

export class LocalSide {
	readonly #advertiser: Advertiser | undefined;
	readonly #wifi: Wifi | undefined;
	readonly commands: LocalCommands;

	constructor({ platform, ...options }: LocalSideOptions) {
		const { clock, crypto, radio, system, wifi } = platform;
		const log = (line: string): void => system.log(line);
		this.#advertiser = radio && new Advertiser({ ...options, radio, clock, crypto, log });
		this.#wifi = wifi;
		this.commands = new LocalCommands({ clock, advertiser: this.#advertiser, wifi });
	}

	/** Why a record could not be read at boot, for the caller to log once; as namesOfFaults takes them. */
	get faults(): Readonly<Record<string, string | undefined>> {
		const name = attempt(() => this.#wifi?.ssid);
		return { "advertising-key": this.#advertiser?.fault, wifi: name.ok ? undefined : reasonOf(name.reason) };
	}

	joinWifi(): void {
		this.#wifi?.start();
	}

	/** The lock serves sessions from now on. Idempotent. */
	advertise(): void {
		this.#advertiser?.start();
	}

	/** It serves nobody any more. Idempotent. */
	fallSilent(): void {
		this.#advertiser?.stop();
	}

	/** Whether the lock is claimed, or its window open, may have changed. */
	refresh(): void {
		this.#advertiser?.refresh();
	}

	phoneRemoved(): void {
		this.#advertiser?.phoneRemoved();
	}
}

/** "record/corrupt" is "corrupt", as the store says it. */
function reasonOf(code: DeviceErrorCode): string {
	return code.slice(code.indexOf("/") + 1);
}
