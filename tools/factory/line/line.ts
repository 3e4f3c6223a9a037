/** The line: its stations at work at the same time, what they tell, and when it ends. */
import type { Cause } from "./cause.ts";
import type { ChipDriver } from "./chip-driver.ts";
import type { LineConfig, StationConfig } from "./config.ts";
import { EsptoolChip } from "./esptool.ts";
import type { LineParts } from "./line-parts.ts";
import { type LineReport, reportOf } from "./report.ts";
import { endScraps } from "./scrap.ts";
import { Station, type StationNews } from "./station.ts";
import { VirtualChip } from "./virtual-chip.ts";

export interface LineOptions {
	readonly parts: LineParts;
	/** Burns security eFuses. */
	readonly burn: boolean;
	/** Ends after so many boards are done; absent: when it is told to. */
	readonly boards?: number;
	/** What names this tool in the journal. */
	readonly tool: string;
	readonly onNews: (station: string, news: StationNews, serial: string | undefined) => void;
	/** Something that is no station's, and stops none. */
	readonly onTrouble: (text: string) => void;
}

export class Line {
	readonly #options: LineOptions;
	readonly #setAside = new Map<Cause, number>();
	#done = 0;
	#stopping = false;

	constructor(options: LineOptions) {
		this.#options = options;
	}

	/** No new board is begun; those at work are finished. */
	stop(): void {
		this.#stopping = true;
	}

	/** Until it is stopped. Rejects with what concerns all stations: the journal, the registry, a bug. */
	async run(): Promise<LineReport> {
		const { parts, burn, tool } = this.#options;
		const { config, journal } = parts;
		const startedMs = performance.now();
		const { left } = await endScraps(parts);
		for (const text of left) this.#options.onTrouble(text);
		const run = journal.beginRun(tool);
		const stations = config.stations.map((station) => this.#station(station, run));
		const ends = await Promise.allSettled(
			stations.map((station) =>
				station.work().catch((error: unknown) => {
					this.stop();
					throw error;
				}),
			),
		);
		const broken = ends.find((end) => end.status === "rejected");
		if (broken !== undefined) throw broken.reason as Error;
		const seconds = (performance.now() - startedMs) / 1_000;
		const facts = { line: config.name, run, burn, seconds, setAside: this.#setAside };
		return reportOf(facts, journal.steps(run), journal.boards());
	}

	#station({ name, port }: StationConfig, run: number): Station {
		const { parts, burn, tool } = this.#options;
		return new Station({
			name,
			holder: `${tool} ${name}`,
			port,
			parts,
			burn,
			run,
			driver: driverFor(parts.config, port),
			isStopping: () => this.#stopping,
			onNews: (news) => this.#tell(name, news),
		});
	}

	#tell(station: string, news: StationNews): void {
		const { boards, onNews, parts } = this.#options;
		if (news.kind === "take-out" && news.outcome === "done") {
			this.#done++;
			if (boards !== undefined && this.#done >= boards) this.stop();
		}
		if (news.kind === "take-out" && news.outcome === "failed" && news.failure !== undefined)
			this.#setAside.set(news.failure, (this.#setAside.get(news.failure) ?? 0) + 1);
		const board = "board" in news ? news.board : undefined;
		onNews(station, news, board === undefined ? undefined : parts.journal.find(board).serial);
	}
}

function driverFor(config: LineConfig, port: string): ChipDriver {
	if (config.driver.kind === "virtual") return new VirtualChip(port);
	const { esptool, espefuse, baud } = config.driver;
	return new EsptoolChip({ port, chip: config.chip.kind, esptool, espefuse, baud });
}
