/* Compiled into the stand-ins that give a NEEDED name and nothing else. */
extern int none;
