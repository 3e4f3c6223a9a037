/**
 * The commands of a session that concern the ways to this lock (PROTOCOL 5.5): the key of its advertisements, the owner's Wi-Fi.
 * They decide nothing about who may. On a machine without radio or Wi-Fi there are no such commands.
 */
import { unreachable } from "../base/assert.ts";
import { attempt } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { Clock } from "../platform/clock.ts";
import type { Wifi, WifiCredentials } from "../platform/wifi.ts";
import type { CborMap } from "../wire/cbor-map.ts";
import type { CommandName, Refusal } from "../wire/command.ts";
import { decodeWifi, WIFI_STATES } from "../wire/wifi.ts";
import type { Advertiser } from "./advertiser.ts";
import type { Call } from "./handlers.ts";

export type LocalCommandName = Extract<CommandName, `radio.${string}` | `wifi.${string}`>;

export interface LocalCommandsOptions {
	readonly clock: Clock;
	/** Undefined: no radio. */
	readonly advertiser: Advertiser | undefined;
	/** Undefined: no Wi-Fi that an owner sets. */
	readonly wifi: Wifi | undefined;
}

export class LocalCommands {
	readonly #options: LocalCommandsOptions;
	readonly #sets: TokenBucket;

	constructor(options: LocalCommandsOptions) {
		this.#options = options;
		const nowMs = options.clock.monotonicMs();
		this.#sets = new TokenBucket(LIMITS.wifiSetsBurst, LIMITS.wifiSetsPerHour / 60, nowMs);
	}

	/** Arguments that cannot be read, or a machine that has no such thing. */
	refusal(command: LocalCommandName, args: CborMap): Refusal | undefined {
		const { advertiser, wifi } = this.#options;
		switch (command) {
			case "radio.key":
				return advertiser !== undefined && args.size === 0 ? undefined : "unknown-command";
			case "wifi.status":
				return wifi !== undefined && args.size === 0 ? undefined : "unknown-command";
			case "wifi.set":
				return wifi !== undefined && readSet(args) !== undefined ? undefined : "unknown-command";
			default:
				return unreachable(command);
		}
	}

	run(command: LocalCommandName, call: Call): void {
		switch (command) {
			case "radio.key":
				return this.#tellKey(call);
			case "wifi.status":
				return this.#tellWifi(call);
			case "wifi.set":
				return this.#setWifi(call);
			default:
				return unreachable(command);
		}
	}

	#tellKey({ session, request }: Call): void {
		const key = this.#options.advertiser?.key();
		if (key === undefined) return session.reply(request, "try-later");
		session.reply(request, "done", { 0: key });
	}

	#tellWifi({ session, request }: Call): void {
		const { wifi } = this.#options;
		if (wifi === undefined) return session.reply(request, "unknown-command");
		// A record that cannot be read is none: whoever sets one writes it anew.
		const ssid = attempt(() => wifi.ssid);
		session.reply(request, "done", {
			0: WIFI_STATES.indexOf(wifi.state),
			1: ssid.ok ? ssid.value : undefined,
		});
	}

	/** The passphrase goes from the request to the host, and is kept nowhere here. The reply leaves before the network that carries it may change. */
	#setWifi({ session, request }: Call): void {
		const { clock, wifi } = this.#options;
		const wanted = readSet(request.args);
		if (wifi === undefined || wanted === undefined) return session.reply(request, "unknown-command");
		if (!this.#sets.has(clock.monotonicMs())) return session.reply(request, "try-later");
		const set = attempt(() => wifi.keep(wanted === "none" ? undefined : wanted));
		if (!set.ok) return session.reply(request, "try-later");
		if (set.value) this.#sets.take(clock.monotonicMs());
		session.reply(request, "done");
	}
}

/** Nothing at all stands for none. */
function readSet(args: CborMap): WifiCredentials | "none" | undefined {
	if (args.size === 0) return "none";
	return args.hasOnly([1, 2]) ? decodeWifi(args) : undefined;
}
