/** A test in a house whose lock takes releases: closed at its end, its log told where it failed. */
import { UpdateHome } from "./update-home.ts";

export async function withHome(
	work: (home: UpdateHome) => Promise<void>,
	open: () => Promise<UpdateHome> = UpdateHome.open,
): Promise<void> {
	const home = await open();
	try {
		await work(home);
	} catch (error) {
		throw new Error(`${(error as Error).message}\n${home.log}`);
	} finally {
		await home.close();
	}
}
