/**
 * How TypeScript reaches C, on every host. `native("xs_name")` is the C function of that name; hoist it to a
 * constant at the top of a module. `class X extends Native("xs_x_destructor")` has instances that carry C data.
 * Both take one string literal (the Moddable SDK compiles them away) and nothing native runs while preloading.
 */

// biome-ignore lint/suspicious/noExplicitAny: the type of a C function is what its caller declares
declare function native<Callable extends (this: any, ...rest: any[]) => unknown>(name: string): Callable;

declare abstract class NativeBase {
	protected constructor();
}
declare function Native(destructorName: string): typeof NativeBase;

/** Writes text to the console of the host, as it is. */
declare function trace(...texts: string[]): void;
