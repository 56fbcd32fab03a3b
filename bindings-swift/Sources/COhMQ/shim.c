// SwiftPM wants one source file in a C target; everything else is in the static library.
#include "ohmq_messages.h"
