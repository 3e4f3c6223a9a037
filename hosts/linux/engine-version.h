/* The engine this tree is built with (node_modules/@agoric/xsnap); engine.c checks that it is so. */
#ifndef LATCHKEY_ENGINE_VERSION_H
#define LATCHKEY_ENGINE_VERSION_H

#define ENGINE_VERSION_MAJOR 13
#define ENGINE_VERSION_MINOR 3
#define ENGINE_VERSION_PATCH 0
#define ENGINE_VERSION (ENGINE_VERSION_MAJOR << 16 | ENGINE_VERSION_MINOR << 8 | ENGINE_VERSION_PATCH)

#endif
