__thread int first = 1;
