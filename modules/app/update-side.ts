/**
 * Updates as App has them: the core, the link, the commands of sessions and the verbs of the line around it, and what the trial
 * must know of who could be reached (docs/UPDATE.md 5, 7). It decides nothing.
 */
import { attempt } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import type { Firmware } from "../base/version.ts";
import type { Identity } from "../identity/identity.ts";
import type { Link } from "../link/link.ts";
import type { Platform } from "../platform/platform.ts";
import type { Session } from "../session/session.ts";
import type { Store } from "../store/store.ts";
import type { TrustedTime } from "../time/trusted-time.ts";
import type { TrustStore } from "../trust/trust-store.ts";
import type { CommandName } from "../wire/command.ts";
import type { LogEvent } from "../wire/log-entry.ts";
import { UpdateCommands } from "./update-commands.ts";
import { UpdateCore } from "./update-core.ts";
import { UpdateLink } from "./update-link.ts";
import { UpdateVerbs } from "./update-verbs.ts";

/** Nobody waits at a door for these: an update goes on beside them, and is none of its own reasons to wait. */
const PATIENT: readonly CommandName[] = Object.freeze([
	"update.offer",
	"update.piece",
	"update.status",
	"update.attest",
	"update.retry",
	"status",
	"log.read",
	"members.list",
	"health",
	"trust.status",
	"relays.list",
]);

export interface UpdateSideOptions {
	readonly platform: Platform;
	readonly store: Store;
	readonly time: TrustedTime;
	readonly trust: TrustStore;
	readonly identity: Identity;
	readonly firmware: Firmware;
	readonly link: Link;
	readonly boots: () => number;
	/** False while the bolt drives. */
	readonly mayWork: () => boolean;
	readonly openSessions: () => number;
	readonly append: (event: LogEvent) => void;
	readonly onReboot: () => void;
}

export class UpdateSide {
	readonly #options: UpdateSideOptions;
	readonly #core: UpdateCore;
	/** When a link was ready or a session open last; undefined: not in this boot. */
	#reachedAtMs: number | undefined;
	readonly commands: UpdateCommands;
	readonly verbs: UpdateVerbs;

	constructor(options: UpdateSideOptions) {
		const { platform, identity, link } = options;
		this.#options = options;
		this.#core = new UpdateCore({
			...options,
			...platform,
			isRecovery: false,
			hardwareClass: () => identity.hardwareClass,
			isReachable: () => this.#isReachable(),
			hasReached: () => this.#isReaching() || this.#reachedAtMs !== undefined,
			isBoltReadable: () => isBoltReadable(platform),
		});
		this.commands = new UpdateCommands(this.#core);
		this.verbs = new UpdateVerbs(this.#core);
		link.onReady(() => this.#reached());
		link.onDown(() => this.#reached());
		new UpdateLink(link, platform.clock, this.#core);
	}

	get faults(): readonly string[] {
		return this.#core.faults;
	}

	/** Once the log runs. */
	start(): void {
		this.#core.start();
	}

	/** Trust, or the board's name, is another one. */
	revise(): void {
		this.#core.keeper.revise();
	}

	/** The bolt rests. */
	wake(): void {
		this.#core.keeper.wake();
	}

	sessionOpened(): void {
		this.#reached();
		this.#core.keeper.standBack();
	}

	sessionEnded(session: Session): void {
		if (session.grantId !== undefined) this.#reached();
		this.commands.ended(session);
	}

	/** A phone asks for something that it may. */
	wanted(command: CommandName): void {
		if (!PATIENT.includes(command)) this.#core.keeper.standBack();
	}

	#reached(): void {
		this.#reachedAtMs = this.#options.platform.clock.monotonicMs();
	}

	#isReaching(): boolean {
		return this.#options.link.state === "ready" || this.#options.openSessions() > 0;
	}

	#isReachable(): boolean {
		if (this.#isReaching()) return true;
		const nowMs = this.#options.platform.clock.monotonicMs();
		return this.#reachedAtMs !== undefined && nowMs - this.#reachedAtMs < LIMITS.reachedMs;
	}
}

/** Both ends of travel at once are no position. */
function isBoltReadable({ pins }: Pick<Platform, "pins">): boolean {
	const read = attempt(() => pins.read("thrown") && pins.read("retracted"));
	return read.ok && !read.value;
}
