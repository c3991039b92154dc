#pragma once
#include "clinux_guest.h"
