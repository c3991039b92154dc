#pragma once

#include "clinux_events.h"
#include "clinux_mounts.h"
#include "clinux_probe.h"
#include "clinux_spawn.h"
#include "clinux_run.h"
#include "clinux_seccomp.h"
#include "clinux_guest.h"
#include "clinux_serve.h"
