int given = 1, late = 2;
